-- Takes back what optimize.sql did. Run it as one transaction; it may be run again.

SET LOCAL lock_timeout = '3s';

DO $$
BEGIN
    LOCK TABLE procrastinate_jobs IN ACCESS EXCLUSIVE MODE;

    ALTER TABLE procrastinate_jobs
        ENABLE TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1,
        ENABLE TRIGGER procrastinate_trigger_status_events_insert_v1,
        ENABLE TRIGGER procrastinate_trigger_status_events_update_v1,
        ENABLE TRIGGER procrastinate_trigger_scheduled_events_v1;

    DROP TRIGGER IF EXISTS procrastinate_java_after_insert ON procrastinate_jobs;

    DROP TRIGGER IF EXISTS procrastinate_java_after_update ON procrastinate_jobs;
END;
$$;

DROP FUNCTION IF EXISTS procrastinate_java_after_insert();

DROP FUNCTION IF EXISTS procrastinate_java_after_update();

DROP INDEX IF EXISTS
    procrastinate_java_free_idx,
    procrastinate_java_free_queue_idx,
    procrastinate_java_due_idx,
    procrastinate_java_lock_idx,
    procrastinate_java_locked_idx,
    procrastinate_java_locked_queue_idx;
