-- The first step back to the original's tables, while programs are at work: from now on each event is logged when it
-- happens, so that fewer and fewer rows have events that the log lacks. Run it as one transaction; it may be run again.

-- import: layout.sql

-- include: alone

CREATE OR REPLACE FUNCTION procrastinate_java_log_at_once()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM procrastinate_java_log(NEW);
    NEW.java_logged := 3;
    RETURN NEW;
END;
$$;

DROP TRIGGER IF EXISTS procrastinate_java_log_at_once ON procrastinate_jobs;

-- Its name sorts after those of the triggers that set the times.
CREATE TRIGGER procrastinate_java_log_at_once
    BEFORE UPDATE ON procrastinate_jobs
    FOR EACH ROW
    WHEN (NEW.java_logged < 3)
    EXECUTE FUNCTION procrastinate_java_log_at_once();
