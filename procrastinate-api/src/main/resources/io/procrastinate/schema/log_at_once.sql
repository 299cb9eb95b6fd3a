-- The first step back to the original's tables, while programs are at work: from now on the log has each event as soon
-- as it happens, so that the rows tell less and less. Run it as one transaction; it may be run again.

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

-- By name behind those that keep the books.
CREATE TRIGGER procrastinate_java_log_at_once
    BEFORE UPDATE ON procrastinate_jobs
    FOR EACH ROW
    WHEN (NEW.java_logged < 3)
    EXECUTE FUNCTION procrastinate_java_log_at_once();
