-- From 3.4 back to 3.3: only running jobs can be retried.

DROP FUNCTION procrastinate_retry_job_v2(bigint, timestamptz, integer, varchar, varchar);

CREATE OR REPLACE FUNCTION procrastinate_retry_job_v1(
    job_id bigint,
    retry_at timestamptz,
    new_priority integer,
    new_queue_name varchar,
    new_lock varchar
)
    RETURNS void
    LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE procrastinate_jobs AS job
       SET status = CASE WHEN job.abort_requested THEN 'failed' ELSE 'todo' END::procrastinate_job_status,
           scheduled_at = retry_at
     WHERE job.id = procrastinate_retry_job_v1.job_id AND job.status = 'doing';
END;
$$;

ALTER TYPE procrastinate_job_event_type RENAME TO later_job_event_type;

CREATE TYPE procrastinate_job_event_type AS ENUM (
    'deferred', 'started', 'deferred_for_retry', 'failed', 'succeeded', 'cancelled', 'abort_requested', 'aborted',
    'scheduled'
);

ALTER TABLE procrastinate_events
    ALTER COLUMN type TYPE procrastinate_job_event_type USING type::text::procrastinate_job_event_type;

DROP TYPE later_job_event_type;

CREATE OR REPLACE FUNCTION procrastinate_trigger_function_status_events_update_v1()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    IF NEW.status = 'doing' THEN
        INSERT INTO procrastinate_events (job_id, type)
        VALUES (NEW.id, 'started');
    END IF;
    RETURN NEW;
END;
$$;
