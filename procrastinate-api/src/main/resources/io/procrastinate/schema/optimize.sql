-- The layout of the tables that makes Procrastinate for Java fast. Programs of any language read and write as before: a
-- job's row contains its times, and procrastinate_events is a view that returns them as events, together with the rows
-- of a log, which has the events of jobs that were retried, aborted or changed by hand. Triggers replace the foreign
-- keys, and run only for rows that concern them. Run it as one transaction on tables of Procrastinate 3.4 or later; it
-- may be run again. SchemaManager.optimize() builds the indexes first, which blocks nobody.

-- import: layout.sql
-- import: /io/procrastinate/worker/fetch.sql

-- bound: limit 1
-- bound: queues target_queue_names
-- bound: worker_id p_worker_id

-- include: alone

-- Indexes that the fetches walk, in order and only as far as they need. Where many entries would be equal, an index
-- ends with the id: otherwise every insertion would look for dead ones among them.

CREATE INDEX IF NOT EXISTS procrastinate_java_free_idx
    ON procrastinate_jobs (priority DESC, id)
    WHERE status = 'todo' AND lock IS NULL AND scheduled_at IS NULL;

CREATE INDEX IF NOT EXISTS procrastinate_java_free_queue_idx
    ON procrastinate_jobs (queue_name, priority DESC, id)
    WHERE status = 'todo' AND lock IS NULL AND scheduled_at IS NULL;

CREATE INDEX IF NOT EXISTS procrastinate_java_due_idx
    ON procrastinate_jobs (queue_name, scheduled_at)
    WHERE status = 'todo' AND scheduled_at IS NOT NULL;

CREATE INDEX IF NOT EXISTS procrastinate_java_flood_idx
    ON procrastinate_jobs (priority DESC, id)
    WHERE status = 'todo' AND lock IS NULL AND scheduled_at IS NOT NULL;

CREATE INDEX IF NOT EXISTS procrastinate_java_lock_idx
    ON procrastinate_jobs (lock, priority DESC, id)
    WHERE status = 'todo' AND lock IS NOT NULL;

-- Each lock is at least ''. The planner cannot conclude that from an equation, so it cannot choose these indexes to
-- find a certain lock by reading all entries, which seems cheaper while the statistics know of no job with a lock.
CREATE INDEX IF NOT EXISTS procrastinate_java_locked_idx
    ON procrastinate_jobs (priority DESC, id)
    WHERE status = 'todo' AND lock >= '';

CREATE INDEX IF NOT EXISTS procrastinate_java_locked_queue_idx
    ON procrastinate_jobs (queue_name, priority DESC, id)
    WHERE status = 'todo' AND lock >= '';

-- All running jobs, including those without a worker.
CREATE INDEX IF NOT EXISTS procrastinate_java_worker_idx
    ON procrastinate_jobs (worker_id, id)
    WHERE status = 'doing';

-- The jobs to look at among millions that succeeded. A job that succeeds has no entry.
CREATE INDEX IF NOT EXISTS procrastinate_java_ended_idx
    ON procrastinate_jobs (status, id)
    WHERE status IN ('failed', 'cancelled', 'aborted');

-- These replace the original's indexes, under the same names; the original's also have an entry for each job without a
-- lock.

DO $$
BEGIN
    IF NOT EXISTS (
        SELECT
          FROM pg_catalog.pg_index AS i
         WHERE i.indexrelid = to_regclass('procrastinate_jobs_queueing_lock_idx_v1')
           AND i.indisvalid
           AND pg_get_expr(i.indpred, i.indrelid) LIKE '%lock IS NOT NULL%'
    ) THEN
        CREATE UNIQUE INDEX IF NOT EXISTS procrastinate_java_jobs_queueing_lock_idx_v1
            ON procrastinate_jobs (queueing_lock)
            WHERE status = 'todo' AND queueing_lock IS NOT NULL;
        DROP INDEX IF EXISTS procrastinate_jobs_queueing_lock_idx_v1;
        ALTER INDEX procrastinate_java_jobs_queueing_lock_idx_v1 RENAME TO procrastinate_jobs_queueing_lock_idx_v1;
    END IF;
    DROP INDEX IF EXISTS procrastinate_java_jobs_queueing_lock_idx_v1;
END;
$$;

DO $$
BEGIN
    IF NOT EXISTS (
        SELECT
          FROM pg_catalog.pg_index AS i
         WHERE i.indexrelid = to_regclass('procrastinate_jobs_lock_idx_v1')
           AND i.indisvalid
           AND pg_get_expr(i.indpred, i.indrelid) LIKE '%lock IS NOT NULL%'
    ) THEN
        CREATE UNIQUE INDEX IF NOT EXISTS procrastinate_java_jobs_lock_idx_v1
            ON procrastinate_jobs (lock)
            WHERE status = 'doing' AND lock IS NOT NULL;
        DROP INDEX IF EXISTS procrastinate_jobs_lock_idx_v1;
        ALTER INDEX procrastinate_java_jobs_lock_idx_v1 RENAME TO procrastinate_jobs_lock_idx_v1;
    END IF;
    DROP INDEX IF EXISTS procrastinate_java_jobs_lock_idx_v1;
END;
$$;

-- Only functions that are replaced below read these.
DROP INDEX IF EXISTS
    procrastinate_jobs_priority_idx_v1,
    procrastinate_jobs_id_lock_idx_v1,
    procrastinate_jobs_queue_name_idx_v1,
    idx_procrastinate_jobs_worker_not_null,
    procrastinate_java_unlogged_idx,
    procrastinate_java_former_queueing_lock_idx_v1,
    procrastinate_java_former_lock_idx_v1;

-- Columns and the view. java_logged says which events of a row are already in the log, by the last of them: 1 the
-- deferral and its schedule, 2 the start, 3 the end; 0 is none. The log has all events of a row that existed before.

DO $$
DECLARE
    owner name;
    allowed record;
BEGIN
    IF to_regclass('procrastinate_java_event_log') IS NULL THEN
        ALTER TABLE procrastinate_jobs
            ADD COLUMN java_deferred_at timestamptz,
            ADD COLUMN java_started_at timestamptz,
            ADD COLUMN java_ended_at timestamptz,
            ADD COLUMN java_logged smallint NOT NULL DEFAULT 3,
            ADD COLUMN java_error text,
            ADD COLUMN java_result jsonb,
            ADD COLUMN java_headers jsonb;

        ALTER TABLE procrastinate_jobs
            ALTER COLUMN java_deferred_at SET DEFAULT now(),
            ALTER COLUMN java_logged SET DEFAULT 0,
            DROP CONSTRAINT IF EXISTS procrastinate_jobs_worker_id_fkey;

        ALTER TABLE procrastinate_periodic_defers
            DROP CONSTRAINT IF EXISTS procrastinate_periodic_defers_job_id_fkey;

        ALTER TABLE procrastinate_events
            DROP CONSTRAINT IF EXISTS procrastinate_events_job_id_fkey;

        ALTER TABLE procrastinate_events RENAME TO procrastinate_java_event_log;
    END IF;
    ALTER TABLE procrastinate_jobs ADD COLUMN IF NOT EXISTS java_headers jsonb;

    CREATE OR REPLACE VIEW procrastinate_events AS
    SELECT id, job_id, type, at
      FROM procrastinate_java_event_log
    UNION ALL
    SELECT 4611686018427387904 + 4 * j.id + e.place, j.id, e.type, e.at
      FROM procrastinate_jobs j
     CROSS JOIN LATERAL (
-- include: events_of_row
           ) AS e(place, type, at)
     WHERE e.at IS NOT NULL AND e.type IS NOT NULL;

    -- The owner and the privileges of the view are those of the table.
    SELECT pg_get_userbyid(c.relowner)
      INTO owner
      FROM pg_catalog.pg_class AS c
     WHERE c.oid = 'procrastinate_java_event_log'::regclass;
    IF owner <> current_user THEN
        EXECUTE format('ALTER VIEW procrastinate_events OWNER TO %I', owner);
    END IF;
    FOR allowed IN
        SELECT a.privilege_type AS what,
               CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS whom,
               CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS how
          FROM pg_catalog.pg_class AS c
         CROSS JOIN LATERAL aclexplode(c.relacl) AS a
         WHERE c.oid = 'procrastinate_java_event_log'::regclass
           AND a.grantee <> c.relowner
           AND a.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
    LOOP
        EXECUTE format('GRANT %s ON procrastinate_events TO %s%s', allowed.what, allowed.whom, allowed.how);
    END LOOP;
END;
$$;

-- The triggers that ours replace are kept, but disabled, so that migrations find them. Triggers of a former form of
-- this layout are dropped before new ones are created.

DO $$
DECLARE
    ours record;
BEGIN
    FOR ours IN
        SELECT t.tgname AS name, t.tgrelid::regclass AS relation
          FROM pg_catalog.pg_trigger AS t
         WHERE t.tgrelid IN ('procrastinate_jobs'::regclass, 'procrastinate_workers'::regclass,
                             'procrastinate_events'::regclass)
           AND t.tgname LIKE 'procrastinate\_java\_%'
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', ours.name, ours.relation);
    END LOOP;

    ALTER TABLE procrastinate_jobs
        DISABLE TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1,
        DISABLE TRIGGER procrastinate_trigger_status_events_insert_v1,
        DISABLE TRIGGER procrastinate_trigger_status_events_update_v1,
        DISABLE TRIGGER procrastinate_trigger_scheduled_events_v1,
        DISABLE TRIGGER procrastinate_trigger_abort_requested_events_v1,
        DISABLE TRIGGER procrastinate_trigger_delete_jobs_v1;

    DROP FUNCTION IF EXISTS procrastinate_java_after_update();
    DROP FUNCTION IF EXISTS procrastinate_java_log_at_once();
END;
$$;

-- Each job leaves dead entries at the front of the indexes of the fetches, which read them until the table is vacuumed.
-- By default the server does that when dead rows are a fifth of all rows, and leaves out the indexes if few pages have
-- dead rows. Values that a user has set are kept.

DO $$
DECLARE
    setting record;
BEGIN
    FOR setting IN
        SELECT wanted.name, wanted.value
          FROM (VALUES ('autovacuum_vacuum_scale_factor', '0.01'), ('vacuum_index_cleanup', 'on'))
               AS wanted(name, value)
         WHERE NOT EXISTS (
               SELECT
                 FROM pg_catalog.pg_class AS c
                CROSS JOIN LATERAL pg_options_to_table(c.reloptions) AS o
                WHERE c.oid = 'procrastinate_jobs'::regclass
                  AND o.option_name = wanted.name)
    LOOP
        EXECUTE format('ALTER TABLE procrastinate_jobs SET (%I = %s)', setting.name, setting.value);
    END LOOP;
END;
$$;

-- Functions and triggers. As in the functions of the schema, a plan that was made while the tables were nearly empty
-- must not read whole tables later: what the planner could choose instead of an index is off.

-- A statement notifies the workers of each queue once: they fetch as many jobs as they can run.
CREATE OR REPLACE FUNCTION procrastinate_java_after_insert()
    RETURNS trigger
    LANGUAGE plpgsql
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

    RETURN NULL;
END;
$$;

CREATE TRIGGER procrastinate_java_after_insert
    AFTER INSERT ON procrastinate_jobs
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT
    EXECUTE FUNCTION procrastinate_java_after_insert();

-- A job that is inserted with another status than 'todo' was not deferred, and gets no events.
CREATE OR REPLACE FUNCTION procrastinate_java_insert_otherwise()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    NEW.java_logged := 3;
    RETURN NEW;
END;
$$;

CREATE TRIGGER procrastinate_java_insert_otherwise
    BEFORE INSERT ON procrastinate_jobs
    FOR EACH ROW
    WHEN (NEW.status <> 'todo')
    EXECUTE FUNCTION procrastinate_java_insert_otherwise();

-- Writes into the log the events of a row that it lacks.
CREATE OR REPLACE FUNCTION procrastinate_java_log(j procrastinate_jobs)
    RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan = off
AS $$
BEGIN
    INSERT INTO procrastinate_java_event_log (job_id, type, at)
    SELECT j.id, e.type, e.at
      FROM (
-- include: events_of_row
           ) AS e(place, type, at)
     WHERE e.at IS NOT NULL AND e.type IS NOT NULL
     ORDER BY e.place;
END;
$$;

-- Sets the times for statements that do not set them. If a job only starts, or ends, its row gets the time. Anything
-- else is logged: first the events that the row has, then the new ones, and the row starts from the beginning.
CREATE OR REPLACE FUNCTION procrastinate_java_keep_books()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
DECLARE
    goes_on boolean := OLD.status <> NEW.status AND OLD.scheduled_at IS NOT DISTINCT FROM NEW.scheduled_at;
    event_type procrastinate_job_event_type := CASE
        WHEN OLD.status = 'todo' AND NEW.status = 'doing' THEN 'started'
        WHEN OLD.status = 'todo' AND NEW.status IN ('cancelled', 'failed', 'succeeded') THEN 'cancelled'
        WHEN OLD.status = 'doing' AND NEW.status = 'todo' THEN 'deferred_for_retry'
        WHEN OLD.status = 'doing' AND NEW.status = 'succeeded' THEN 'succeeded'
        WHEN OLD.status = 'doing' AND NEW.status = 'failed' THEN 'failed'
        WHEN OLD.status = 'doing' AND NEW.status = 'aborted' THEN 'aborted'
        WHEN OLD.status = 'failed' AND NEW.status = 'todo' THEN 'retried'
    END;
BEGIN
    IF goes_on AND OLD.status = 'todo' AND NEW.status = 'doing' THEN
        NEW.java_started_at := now();
        NEW.java_ended_at := NULL;
        NEW.java_logged := LEAST(OLD.java_logged, 1);
    ELSIF goes_on AND (OLD.status = 'doing' AND NEW.status IN ('succeeded', 'failed', 'aborted')
                       OR OLD.status = 'todo' AND NEW.status = 'cancelled') THEN
        NEW.java_ended_at := now();
        NEW.java_logged := LEAST(NEW.java_logged, 2);
    ELSE
        -- java_logged may be higher in NEW than in OLD: if the same statement requested an abort, that is logged
        -- already.
        OLD.java_logged := NEW.java_logged;
        PERFORM procrastinate_java_log(OLD);
        NEW.java_logged := 3;

        IF NEW.status = 'todo' AND NEW.scheduled_at IS NOT NULL THEN
            INSERT INTO procrastinate_java_event_log (job_id, type, at)
            VALUES (NEW.id, 'scheduled', NEW.scheduled_at);
        END IF;
        -- Other changes of the status, made by hand, are no event.
        IF OLD.status <> NEW.status AND event_type IS NOT NULL THEN
            INSERT INTO procrastinate_java_event_log (job_id, type)
            VALUES (NEW.id, event_type);
        END IF;

        IF OLD.status <> NEW.status THEN
            NEW.java_started_at := CASE
                WHEN NEW.status = 'doing' THEN now()
                WHEN NEW.status <> 'todo' THEN OLD.java_started_at
            END;
            NEW.java_ended_at := CASE WHEN NEW.status NOT IN ('todo', 'doing') THEN now() END;
        END IF;
    END IF;
    RETURN NEW;
END;
$$;

-- False for the statements that set the times: they change them together with the status.
CREATE TRIGGER procrastinate_java_keep_books
    BEFORE UPDATE ON procrastinate_jobs
    FOR EACH ROW
    WHEN (
        OLD.status <> NEW.status
            AND OLD.java_started_at IS NOT DISTINCT FROM NEW.java_started_at
            AND OLD.java_ended_at IS NOT DISTINCT FROM NEW.java_ended_at
        OR OLD.scheduled_at IS DISTINCT FROM NEW.scheduled_at
        OR NEW.status = 'todo' AND NEW.scheduled_at IS NOT NULL AND OLD.java_logged = NEW.java_logged
    )
    EXECUTE FUNCTION procrastinate_java_keep_books();

-- Its name sorts before the one above, because the events come in this order.
CREATE OR REPLACE FUNCTION procrastinate_java_abort_requested()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM procrastinate_java_log(OLD);
    NEW.java_logged := 3;
    INSERT INTO procrastinate_java_event_log (job_id, type)
    VALUES (NEW.id, 'abort_requested');
    RETURN NEW;
END;
$$;

CREATE TRIGGER procrastinate_java_abort_requested
    BEFORE UPDATE OF abort_requested ON procrastinate_jobs
    FOR EACH ROW
    WHEN (NEW.abort_requested)
    EXECUTE FUNCTION procrastinate_java_abort_requested();

-- Deletes the log of a job together with the job.
CREATE OR REPLACE FUNCTION procrastinate_java_delete_log()
    RETURNS trigger
    LANGUAGE plpgsql
    SET enable_seqscan = off
AS $$
BEGIN
    DELETE FROM procrastinate_java_event_log
     WHERE job_id = OLD.id;
    RETURN NULL;
END;
$$;

CREATE TRIGGER procrastinate_java_delete_log
    AFTER DELETE ON procrastinate_jobs
    FOR EACH ROW
    WHEN (OLD.java_logged > 0)
    EXECUTE FUNCTION procrastinate_java_delete_log();

-- The tick of a periodic task outlives its job, so that deleting the job does not defer the tick again.
CREATE OR REPLACE FUNCTION procrastinate_java_after_delete()
    RETURNS trigger
    LANGUAGE plpgsql
    SET enable_seqscan = off
AS $$
BEGIN
    UPDATE procrastinate_periodic_defers
       SET job_id = NULL
     WHERE job_id = ANY (ARRAY(SELECT id FROM deleted));
    RETURN NULL;
END;
$$;

CREATE TRIGGER procrastinate_java_after_delete
    AFTER DELETE ON procrastinate_jobs
    REFERENCING OLD TABLE AS deleted
    FOR EACH STATEMENT
    EXECUTE FUNCTION procrastinate_java_after_delete();

CREATE OR REPLACE FUNCTION procrastinate_java_after_truncate()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    TRUNCATE procrastinate_java_event_log;
    UPDATE procrastinate_periodic_defers
       SET job_id = NULL
     WHERE job_id IS NOT NULL;
    RETURN NULL;
END;
$$;

CREATE TRIGGER procrastinate_java_after_truncate
    AFTER TRUNCATE ON procrastinate_jobs
    FOR EACH STATEMENT
    EXECUTE FUNCTION procrastinate_java_after_truncate();

-- A worker that is gone runs nothing. Jobs that it ran to their end keep its id.
CREATE OR REPLACE FUNCTION procrastinate_java_worker_gone()
    RETURNS trigger
    LANGUAGE plpgsql
    SET enable_seqscan = off
AS $$
BEGIN
    UPDATE procrastinate_jobs
       SET worker_id = NULL
     WHERE worker_id = OLD.id AND status = 'doing';
    RETURN OLD;
END;
$$;

CREATE TRIGGER procrastinate_java_worker_gone
    BEFORE DELETE ON procrastinate_workers
    FOR EACH ROW
    EXECUTE FUNCTION procrastinate_java_worker_gone();

-- Gives a job its headers that a function of the original has made, and returns its id.
CREATE OR REPLACE FUNCTION procrastinate_java_set_headers(job_id bigint, headers jsonb)
    RETURNS bigint
    LANGUAGE sql
AS $$
    UPDATE procrastinate_jobs
       SET java_headers = headers
     WHERE id = job_id
    RETURNING id;
$$;

-- Returns the id of the worker that fetches. If its row is gone, fails as the foreign key did. A transaction that
-- deletes the row waits for the end of the fetch.
CREATE OR REPLACE FUNCTION procrastinate_java_worker(worker_id bigint)
    RETURNS bigint
    LANGUAGE plpgsql
    STRICT
    SET enable_seqscan = off
AS $$
BEGIN
    PERFORM
       FROM procrastinate_workers AS worker
      WHERE worker.id = procrastinate_java_worker.worker_id
        FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE foreign_key_violation USING
            MESSAGE = 'insert or update on table "procrastinate_jobs" violates foreign key constraint'
                || ' "procrastinate_jobs_worker_id_fkey"',
            DETAIL = format('Key (worker_id)=(%s) is not present in table "procrastinate_workers".', worker_id),
            TABLE = 'procrastinate_jobs',
            CONSTRAINT = 'procrastinate_jobs_worker_id_fkey';
    END IF;
    RETURN worker_id;
END;
$$;

-- The view can be written to as the table could. If a program writes events of a job, all events of this job are in the
-- log from then on.
CREATE OR REPLACE FUNCTION procrastinate_java_write_event()
    RETURNS trigger
    LANGUAGE plpgsql
    SET enable_seqscan = off
AS $$
DECLARE
    job procrastinate_jobs;
    logged_id bigint;
BEGIN
    SELECT *
      INTO job
      FROM procrastinate_jobs AS j
     WHERE j.id = CASE TG_OP WHEN 'INSERT' THEN NEW.job_id ELSE OLD.job_id END
       FOR UPDATE;
    IF TG_OP = 'INSERT' AND job.id IS NULL THEN
        RAISE foreign_key_violation USING
            MESSAGE = 'insert or update on table "procrastinate_events" violates foreign key constraint'
                || ' "procrastinate_events_job_id_fkey"',
            DETAIL = format('Key (job_id)=(%s) is not present in table "procrastinate_jobs".', NEW.job_id),
            TABLE = 'procrastinate_events',
            CONSTRAINT = 'procrastinate_events_job_id_fkey';
    END IF;
    IF TG_OP = 'UPDATE' AND (NEW.id <> OLD.id OR NEW.job_id <> OLD.job_id) THEN
        RAISE feature_not_supported USING
            MESSAGE = 'an event of Procrastinate cannot be given to another job, or another id',
            HINT = 'procrastinate_events is a view here. Delete the event and insert another one.';
    END IF;

    IF job.java_logged < 3 THEN
        PERFORM procrastinate_java_log(job);
        UPDATE procrastinate_jobs AS j
           SET java_logged = 3
         WHERE j.id = job.id;
    END IF;

    IF TG_OP = 'INSERT' THEN
        INSERT INTO procrastinate_java_event_log (job_id, type, at)
        VALUES (NEW.job_id, NEW.type, COALESCE(NEW.at, now()))
        RETURNING id, at INTO NEW.id, NEW.at;
        RETURN NEW;
    END IF;

    logged_id := CASE
        WHEN OLD.id < 4611686018427387904 THEN OLD.id
        ELSE (SELECT max(log.id)
                FROM procrastinate_java_event_log AS log
               WHERE log.job_id = OLD.job_id AND log.type = OLD.type AND log.at = OLD.at)
    END;
    IF TG_OP = 'DELETE' THEN
        DELETE FROM procrastinate_java_event_log
         WHERE id = logged_id;
        RETURN OLD;
    END IF;
    UPDATE procrastinate_java_event_log
       SET type = NEW.type, at = NEW.at
     WHERE id = logged_id;
    RETURN NEW;
END;
$$;

CREATE TRIGGER procrastinate_java_write_event
    INSTEAD OF INSERT OR UPDATE OR DELETE ON procrastinate_events
    FOR EACH ROW
    EXECUTE FUNCTION procrastinate_java_write_event();

-- The functions that programs of other languages call. They return the same as in the schema, but set the times and use
-- our indexes.

CREATE OR REPLACE FUNCTION procrastinate_fetch_job_v2(target_queue_names varchar[], p_worker_id bigint)
    RETURNS procrastinate_jobs
    LANGUAGE plpgsql
    SET enable_seqscan = off
    SET jit = off
AS $$
DECLARE
    fetched procrastinate_jobs;
BEGIN
    IF target_queue_names IS NULL THEN
-- include: walks_of_all
-- include: started
        SELECT * INTO fetched FROM started;
    ELSE
-- include: walks_of_queues
-- include: started
        SELECT * INTO fetched FROM started;
    END IF;
    RETURN fetched;
END;
$$;

CREATE OR REPLACE FUNCTION procrastinate_finish_job_v1(
    job_id bigint,
    end_status procrastinate_job_status,
    delete_job boolean
)
    RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan = off
AS $$
BEGIN
    IF end_status NOT IN ('succeeded', 'failed', 'aborted') THEN
        RAISE 'End status should be either "succeeded", "failed" or "aborted" (job id: %)', job_id;
    END IF;

    IF delete_job THEN
        DELETE FROM procrastinate_jobs AS job
         WHERE job.id = procrastinate_finish_job_v1.job_id
           AND job.status IN ('todo', 'doing');
    ELSE
        UPDATE procrastinate_jobs AS job
           SET status = end_status,
               abort_requested = false,
               -- A job that ends without having run, as a cancelled one does, has made no attempt.
               attempts = CASE job.status WHEN 'doing' THEN job.attempts + 1 ELSE job.attempts END,
               java_ended_at = CASE job.status WHEN 'doing' THEN now() ELSE job.java_ended_at END,
               java_logged = LEAST(job.java_logged, 2)
         WHERE job.id = procrastinate_finish_job_v1.job_id
           AND job.status IN ('todo', 'doing');
    END IF;

    IF NOT FOUND THEN
        RAISE 'Job was not found or not in "doing" or "todo" status (job id: %)', job_id;
    END IF;
END;
$$;
