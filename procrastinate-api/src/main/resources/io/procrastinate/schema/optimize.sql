-- What Procrastinate for Java adds to the schema to be fast: indexes, and triggers that write the bookkeeping of a
-- statement at once instead of row by row. Programs of any language see the same rows and are woken as before. Run it
-- as one transaction; it may be run again. SchemaManager.optimize() builds the indexes first, which holds up nobody.

SET LOCAL lock_timeout = '3s';

-- Held to the end of the transaction, so that two who run this come one after the other.
DO $$
BEGIN
    LOCK TABLE procrastinate_jobs IN SHARE ROW EXCLUSIVE MODE;
END;
$$;

-- Bookkeeping by statement. As in the functions of the schema, plans that were made while the tables were nearly empty
-- must not read them from end to end later: what could be chosen instead is off.

-- A statement wakes the workers of each queue once: they fetch as many jobs as they can run.
CREATE OR REPLACE FUNCTION procrastinate_java_after_insert()
    RETURNS trigger
    LANGUAGE plpgsql
    SET enable_seqscan = off
AS $$
BEGIN
    PERFORM pg_notify('procrastinate_queue_v1#' || queue.name, queue.payload)
      FROM (SELECT queue_name AS name, json_build_object('type', 'job_inserted', 'job_id', min(id))::text AS payload
              FROM inserted
             WHERE status = 'todo'
             GROUP BY queue_name) AS queue;

    PERFORM pg_notify('procrastinate_any_queue_v1', json_build_object('type', 'job_inserted', 'job_id', first.id)::text)
      FROM (SELECT min(id) AS id FROM inserted WHERE status = 'todo') AS first
     WHERE first.id IS NOT NULL;

    INSERT INTO procrastinate_events (job_id, type, at)
    SELECT event.job_id, event.type, event.at
      FROM (SELECT id AS job_id, 1 AS place, 'scheduled'::procrastinate_job_event_type AS type, scheduled_at AS at
              FROM inserted
             WHERE status = 'todo' AND scheduled_at IS NOT NULL
            UNION ALL
            SELECT id, 2, 'deferred', now()
              FROM inserted
             WHERE status = 'todo') AS event
     ORDER BY event.job_id, event.place;

    RETURN NULL;
END;
$$;

CREATE OR REPLACE FUNCTION procrastinate_java_after_update()
    RETURNS trigger
    LANGUAGE plpgsql
    SET enable_seqscan = off
    SET enable_nestloop = off
AS $$
BEGIN
    INSERT INTO procrastinate_events (job_id, type, at)
    SELECT event.job_id, event.type, event.at
      FROM (SELECT id AS job_id, 1 AS place, 'scheduled'::procrastinate_job_event_type AS type, scheduled_at AS at
              FROM updated
             WHERE status = 'todo' AND scheduled_at IS NOT NULL
            UNION ALL
            SELECT updated.id,
                   2,
                   CASE
                       WHEN former.status = 'todo' AND updated.status = 'doing' THEN 'started'
                       WHEN former.status = 'todo' AND updated.status IN ('cancelled', 'failed', 'succeeded')
                       THEN 'cancelled'
                       WHEN former.status = 'doing' AND updated.status = 'todo' THEN 'deferred_for_retry'
                       WHEN former.status = 'doing' AND updated.status = 'succeeded' THEN 'succeeded'
                       WHEN former.status = 'doing' AND updated.status = 'failed' THEN 'failed'
                       WHEN former.status = 'doing' AND updated.status = 'aborted' THEN 'aborted'
                       WHEN former.status = 'failed' AND updated.status = 'todo' THEN 'retried'
                   END::procrastinate_job_event_type,
                   now()
              FROM updated
              JOIN former ON former.id = updated.id
             WHERE former.status <> updated.status) AS event
     WHERE event.type IS NOT NULL
     ORDER BY event.job_id, event.place;

    RETURN NULL;
END;
$$;

DO $$
BEGIN
    IF NOT EXISTS (
        SELECT
          FROM pg_catalog.pg_trigger
         WHERE tgrelid = 'procrastinate_jobs'::regclass AND tgname = 'procrastinate_java_after_insert'
    ) THEN
        CREATE TRIGGER procrastinate_java_after_insert
            AFTER INSERT ON procrastinate_jobs
            REFERENCING NEW TABLE AS inserted
            FOR EACH STATEMENT
            EXECUTE FUNCTION procrastinate_java_after_insert();
    END IF;
    IF NOT EXISTS (
        SELECT
          FROM pg_catalog.pg_trigger
         WHERE tgrelid = 'procrastinate_jobs'::regclass AND tgname = 'procrastinate_java_after_update'
    ) THEN
        CREATE TRIGGER procrastinate_java_after_update
            AFTER UPDATE ON procrastinate_jobs
            REFERENCING OLD TABLE AS former NEW TABLE AS updated
            FOR EACH STATEMENT
            EXECUTE FUNCTION procrastinate_java_after_update();
    END IF;

    -- The triggers that these stand in for stay, switched off, so that migrations find them. Those on abort_requested
    -- go on: they look at which columns a statement names, which one for a whole statement cannot.
    ALTER TABLE procrastinate_jobs
        DISABLE TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1,
        DISABLE TRIGGER procrastinate_trigger_status_events_insert_v1,
        DISABLE TRIGGER procrastinate_trigger_status_events_update_v1,
        DISABLE TRIGGER procrastinate_trigger_scheduled_events_v1;
END;
$$;

-- Indexes on which the fetches walk, each in order and only as far as they need.

CREATE INDEX IF NOT EXISTS procrastinate_java_free_idx
    ON procrastinate_jobs (priority DESC, id)
    WHERE status = 'todo' AND lock IS NULL AND scheduled_at IS NULL;

CREATE INDEX IF NOT EXISTS procrastinate_java_free_queue_idx
    ON procrastinate_jobs (queue_name, priority DESC, id)
    WHERE status = 'todo' AND lock IS NULL AND scheduled_at IS NULL;

CREATE INDEX IF NOT EXISTS procrastinate_java_due_idx
    ON procrastinate_jobs (queue_name, scheduled_at)
    WHERE status = 'todo' AND scheduled_at IS NOT NULL;

CREATE INDEX IF NOT EXISTS procrastinate_java_lock_idx
    ON procrastinate_jobs (lock, priority DESC, id)
    WHERE status = 'todo' AND lock IS NOT NULL;

CREATE INDEX IF NOT EXISTS procrastinate_java_locked_idx
    ON procrastinate_jobs (priority DESC, id)
    WHERE status = 'todo' AND lock IS NOT NULL;

CREATE INDEX IF NOT EXISTS procrastinate_java_locked_queue_idx
    ON procrastinate_jobs (queue_name, priority DESC, id)
    WHERE status = 'todo' AND lock IS NOT NULL;
