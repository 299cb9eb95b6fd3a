DO $$
BEGIN
    IF to_regtype('procrastinate_job_to_defer_v1') IS NULL THEN
        CREATE TYPE procrastinate_job_to_defer_v1 AS (
            queue_name varchar,
            task_name varchar,
            priority integer,
            lock text,
            queueing_lock text,
            args jsonb,
            scheduled_at timestamptz
        );
    END IF;
END;
$$;
