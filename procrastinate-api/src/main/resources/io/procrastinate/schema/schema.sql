-- Procrastinate Schema

-- The database of Procrastinate for Java, shared with Procrastinate for Python: names, types, signatures and visible
-- behaviour are those of its schema since 3.4. Nothing names a schema, so everything is created in, and later found
-- through, the search_path. Run it as one transaction: applying it a second time fails and changes nothing.

-- Types

CREATE TYPE procrastinate_job_status AS ENUM (
    'todo',
    'doing',
    'succeeded',
    'failed',
    'cancelled',
    'aborting', -- no longer written, kept because older databases have such rows
    'aborted'
);

CREATE TYPE procrastinate_job_event_type AS ENUM (
    'deferred',
    'started',
    'deferred_for_retry',
    'failed',
    'succeeded',
    'cancelled',
    'abort_requested',
    'aborted',
    'scheduled',
    'retried'
);

CREATE TYPE procrastinate_job_to_defer_v1 AS (
    queue_name varchar,
    task_name varchar,
    priority integer,
    lock text,
    queueing_lock text,
    args jsonb,
    scheduled_at timestamptz
);

-- Tables

CREATE TABLE procrastinate_workers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    last_heartbeat timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE procrastinate_jobs (
    id bigserial PRIMARY KEY,
    queue_name varchar(128) NOT NULL,
    task_name varchar(128) NOT NULL,
    priority integer NOT NULL DEFAULT 0,
    lock text,
    queueing_lock text,
    args jsonb NOT NULL DEFAULT '{}',
    status procrastinate_job_status NOT NULL DEFAULT 'todo',
    scheduled_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    abort_requested boolean NOT NULL DEFAULT false,
    worker_id bigint REFERENCES procrastinate_workers (id) ON DELETE SET NULL,
    -- A waiting job is cancelled at once, only a running one has to be asked.
    CONSTRAINT check_not_todo_abort_requested CHECK (NOT (status = 'todo' AND abort_requested = true))
);

CREATE TABLE procrastinate_periodic_defers (
    id bigserial PRIMARY KEY,
    task_name varchar(128) NOT NULL,
    defer_timestamp bigint,
    job_id bigint REFERENCES procrastinate_jobs (id),
    periodic_id varchar(128) NOT NULL DEFAULT '',
    -- All workers reach the same tick of a schedule: the first to insert it defers the job.
    CONSTRAINT procrastinate_periodic_defers_unique UNIQUE (task_name, periodic_id, defer_timestamp)
);

CREATE TABLE procrastinate_events (
    id bigserial PRIMARY KEY,
    job_id bigint NOT NULL REFERENCES procrastinate_jobs (id) ON DELETE CASCADE,
    type procrastinate_job_event_type,
    at timestamptz DEFAULT now()
);

-- Indexes

-- At most one waiting job for each queueing lock. Clients recognise the violation by the name of this index.
CREATE UNIQUE INDEX procrastinate_jobs_queueing_lock_idx_v1
    ON procrastinate_jobs (queueing_lock)
    WHERE status = 'todo';

-- At most one running job for each lock, even if fetches race.
CREATE UNIQUE INDEX procrastinate_jobs_lock_idx_v1
    ON procrastinate_jobs (lock)
    WHERE status = 'doing';

CREATE INDEX procrastinate_jobs_priority_idx_v1
    ON procrastinate_jobs (priority DESC, id ASC)
    WHERE status = 'todo';

CREATE INDEX procrastinate_jobs_id_lock_idx_v1
    ON procrastinate_jobs (id, lock)
    WHERE status IN ('todo', 'doing');

CREATE INDEX procrastinate_jobs_queue_name_idx_v1
    ON procrastinate_jobs (queue_name);

CREATE INDEX idx_procrastinate_jobs_worker_not_null
    ON procrastinate_jobs (worker_id)
    WHERE worker_id IS NOT NULL AND status = 'doing';

CREATE INDEX procrastinate_events_job_id_fkey_v1
    ON procrastinate_events (job_id);

CREATE INDEX procrastinate_periodic_defers_job_id_fkey_v1
    ON procrastinate_periodic_defers (job_id);

CREATE INDEX idx_procrastinate_workers_last_heartbeat
    ON procrastinate_workers (last_heartbeat);

-- Functions
--
-- A session plans the statements of a function, and the foreign-key checks they cause, a few times and then keeps the
-- plan. If the tables are analysed but nearly empty then, the plan reads them whole, and the session keeps it while
-- they grow. All these statements have an index to use, so the functions switch off what the planner could choose
-- instead.

-- Defer

-- Returns the ids in the order of the array, or NULL when it is empty.
CREATE FUNCTION procrastinate_defer_jobs_v1(jobs procrastinate_job_to_defer_v1[])
    RETURNS bigint[]
    LANGUAGE plpgsql
AS $$
DECLARE
    job_ids bigint[];
BEGIN
    WITH inserted AS (
        INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at)
        SELECT job.queue_name, job.task_name, job.priority, job.lock, job.queueing_lock, job.args, job.scheduled_at
          FROM unnest(jobs) AS job
        RETURNING id
    )
    SELECT array_agg(inserted.id ORDER BY inserted.id)
      INTO job_ids
      FROM inserted;

    RETURN job_ids;
END;
$$;

-- Returns NULL when this tick has been deferred already.
CREATE FUNCTION procrastinate_defer_periodic_job_v2(
    _queue_name varchar,
    _lock varchar,
    _queueing_lock varchar,
    _task_name varchar,
    _priority integer,
    _periodic_id varchar,
    _defer_timestamp bigint,
    _args jsonb
)
    RETURNS bigint
    LANGUAGE plpgsql
AS $$
DECLARE
    tick_id bigint;
    new_job_id bigint;
BEGIN
    INSERT INTO procrastinate_periodic_defers (task_name, periodic_id, defer_timestamp)
    VALUES (_task_name, _periodic_id, _defer_timestamp)
    ON CONFLICT DO NOTHING
    RETURNING id INTO tick_id;

    IF tick_id IS NULL THEN
        RETURN NULL;
    END IF;

    INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args)
    VALUES (_queue_name, _task_name, _priority, _lock, _queueing_lock, _args)
    RETURNING id INTO new_job_id;

    UPDATE procrastinate_periodic_defers
       SET job_id = new_job_id
     WHERE id = tick_id;

    -- Older ticks have served. They are locked in one order, so that concurrent calls cannot deadlock.
    DELETE FROM procrastinate_periodic_defers
     WHERE id IN (SELECT older.id
                    FROM procrastinate_periodic_defers AS older
                   WHERE older.task_name = _task_name
                     AND older.periodic_id = _periodic_id
                     AND older.defer_timestamp < _defer_timestamp
                   ORDER BY older.id
                     FOR UPDATE);

    RETURN new_job_id;
END;
$$;

-- Fetch

-- No queue names (NULL) mean all queues, an empty array means none. Returns a row of NULLs when there is nothing to do.
CREATE FUNCTION procrastinate_fetch_job_v2(target_queue_names varchar[], p_worker_id bigint)
    RETURNS procrastinate_jobs
    LANGUAGE plpgsql
    SET enable_seqscan = off
    SET enable_sort = off
    SET jit = off
AS $$
DECLARE
    fetched procrastinate_jobs;
BEGIN
    WITH candidate AS (
        SELECT job.id
          FROM procrastinate_jobs AS job
         WHERE job.status = 'todo'
           AND (target_queue_names IS NULL OR job.queue_name = ANY (target_queue_names))
           AND (job.scheduled_at IS NULL OR job.scheduled_at <= now())
           -- Jobs of one lock run one after the other, best rank first, in whichever queue they stand. Jobs without a
           -- lock come first in the condition, so that the priority index is walked in order and left at the first
           -- hit; a running holder comes next, because the unique index on running locks answers that in one probe.
           AND (job.lock IS NULL
                OR NOT EXISTS (SELECT
                                 FROM procrastinate_jobs AS running
                                WHERE running.lock = job.lock AND running.status = 'doing')
                   AND NOT EXISTS (SELECT
                                     FROM procrastinate_jobs AS better
                                    WHERE better.lock = job.lock
                                      AND better.status = 'todo'
                                      AND (better.priority > job.priority
                                           OR better.priority = job.priority AND better.id < job.id)))
         ORDER BY job.priority DESC, job.id
         LIMIT 1
           FOR UPDATE OF job SKIP LOCKED
    )
    UPDATE procrastinate_jobs AS job
       SET status = 'doing', worker_id = p_worker_id
     WHERE job.id = (SELECT candidate.id FROM candidate)
    RETURNING job.* INTO fetched;

    RETURN fetched;
END;
$$;

-- Finish, cancel, retry

CREATE FUNCTION procrastinate_finish_job_v1(job_id bigint, end_status procrastinate_job_status, delete_job boolean)
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
               attempts = CASE job.status WHEN 'doing' THEN job.attempts + 1 ELSE job.attempts END
         WHERE job.id = procrastinate_finish_job_v1.job_id
           AND job.status IN ('todo', 'doing');
    END IF;

    IF NOT FOUND THEN
        RAISE 'Job was not found or not in "doing" or "todo" status (job id: %)', job_id;
    END IF;
END;
$$;

-- Returns the id of the job, or NULL when there was nothing to cancel or to abort.
CREATE FUNCTION procrastinate_cancel_job_v1(job_id bigint, abort boolean, delete_job boolean)
    RETURNS bigint
    LANGUAGE plpgsql
    SET enable_seqscan = off
AS $$
DECLARE
    cancelled_id bigint;
BEGIN
    IF delete_job THEN
        DELETE FROM procrastinate_jobs AS job
         WHERE job.id = procrastinate_cancel_job_v1.job_id
           AND job.status = 'todo'
        RETURNING job.id INTO cancelled_id;
    END IF;

    IF cancelled_id IS NULL THEN
        IF abort THEN
            UPDATE procrastinate_jobs AS job
               SET abort_requested = true,
                   status = CASE job.status WHEN 'todo' THEN 'cancelled' ELSE job.status END
             WHERE job.id = procrastinate_cancel_job_v1.job_id
               AND job.status IN ('todo', 'doing')
            RETURNING job.id INTO cancelled_id;
        ELSE
            UPDATE procrastinate_jobs AS job
               SET status = 'cancelled'
             WHERE job.id = procrastinate_cancel_job_v1.job_id
               AND job.status = 'todo'
            RETURNING job.id INTO cancelled_id;
        END IF;
    END IF;

    RETURN cancelled_id;
END;
$$;

-- Puts a running or failed job back. A running one that was asked to abort fails instead.
CREATE FUNCTION procrastinate_retry_job_v2(
    job_id bigint,
    retry_at timestamptz,
    new_priority integer,
    new_queue_name varchar,
    new_lock varchar
)
    RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan = off
AS $$
DECLARE
    current_status procrastinate_job_status;
    current_abort_requested boolean;
BEGIN
    SELECT job.status, job.abort_requested
      INTO current_status, current_abort_requested
      FROM procrastinate_jobs AS job
     WHERE job.id = procrastinate_retry_job_v2.job_id
       AND job.status IN ('doing', 'failed')
       FOR UPDATE;

    IF NOT FOUND THEN
        RAISE 'Job was not found or has an invalid status to retry (job id: %)', job_id;
    END IF;

    IF current_status = 'doing' AND current_abort_requested THEN
        UPDATE procrastinate_jobs AS job
           SET status = 'failed'
         WHERE job.id = procrastinate_retry_job_v2.job_id;
    ELSE
        UPDATE procrastinate_jobs AS job
           SET status = 'todo',
               attempts = job.attempts + 1,
               scheduled_at = retry_at,
               priority = COALESCE(new_priority, job.priority),
               queue_name = COALESCE(new_queue_name, job.queue_name),
               lock = COALESCE(new_lock, job.lock)
         WHERE job.id = procrastinate_retry_job_v2.job_id;
    END IF;
END;
$$;

-- For clients from before failed jobs could be retried.
CREATE FUNCTION procrastinate_retry_job_v1(
    job_id bigint,
    retry_at timestamptz,
    new_priority integer,
    new_queue_name varchar,
    new_lock varchar
)
    RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan = off
AS $$
BEGIN
    PERFORM job.id
      FROM procrastinate_jobs AS job
     WHERE job.id = procrastinate_retry_job_v1.job_id
       AND job.status = 'doing'
       FOR UPDATE;

    IF NOT FOUND THEN
        RAISE 'Job was not found or not in "doing" status (job id: %)', job_id;
    END IF;

    PERFORM procrastinate_retry_job_v2(job_id, retry_at, new_priority, new_queue_name, new_lock);
END;
$$;

-- Workers

CREATE FUNCTION procrastinate_register_worker_v1()
    RETURNS TABLE (worker_id bigint)
    LANGUAGE plpgsql
AS $$
BEGIN
    RETURN QUERY
    INSERT INTO procrastinate_workers
    DEFAULT VALUES
    RETURNING id;
END;
$$;

CREATE FUNCTION procrastinate_unregister_worker_v1(worker_id bigint)
    RETURNS void
    LANGUAGE plpgsql
AS $$
BEGIN
    DELETE FROM procrastinate_workers
     WHERE id = worker_id;
END;
$$;

CREATE FUNCTION procrastinate_update_heartbeat_v1(worker_id bigint)
    RETURNS void
    LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE procrastinate_workers
       SET last_heartbeat = now()
     WHERE id = worker_id;
END;
$$;

-- Returns the workers it removed. Their running jobs stay, without a worker.
CREATE FUNCTION procrastinate_prune_stalled_workers_v1(seconds_since_heartbeat double precision)
    RETURNS TABLE (worker_id bigint)
    LANGUAGE plpgsql
AS $$
BEGIN
    RETURN QUERY
    DELETE FROM procrastinate_workers
     WHERE last_heartbeat < now() - make_interval(secs => seconds_since_heartbeat)
    RETURNING id;
END;
$$;

-- Notifications. The shape of the payload and the two channels are what listening workers of any language expect.

CREATE FUNCTION procrastinate_notify_queue_job_inserted_v1()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
DECLARE
    payload text := json_build_object('type', 'job_inserted', 'job_id', NEW.id)::text;
BEGIN
    PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, payload);
    PERFORM pg_notify('procrastinate_any_queue_v1', payload);
    RETURN NULL;
END;
$$;

CREATE TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1
    AFTER INSERT ON procrastinate_jobs
    FOR EACH ROW
    WHEN (NEW.status = 'todo')
    EXECUTE FUNCTION procrastinate_notify_queue_job_inserted_v1();

CREATE FUNCTION procrastinate_notify_queue_abort_job_v1()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
DECLARE
    payload text := json_build_object('type', 'abort_job_requested', 'job_id', NEW.id)::text;
BEGIN
    PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, payload);
    PERFORM pg_notify('procrastinate_any_queue_v1', payload);
    RETURN NULL;
END;
$$;

CREATE TRIGGER procrastinate_jobs_notify_queue_job_aborted_v1
    AFTER UPDATE OF abort_requested ON procrastinate_jobs
    FOR EACH ROW
    WHEN (OLD.abort_requested = false AND NEW.abort_requested = true AND NEW.status = 'doing')
    EXECUTE FUNCTION procrastinate_notify_queue_abort_job_v1();

-- Events. Triggers of one table run in the order of their names, which is why "scheduled" comes before the status.

CREATE FUNCTION procrastinate_trigger_function_status_events_insert_v1()
    RETURNS trigger
    LANGUAGE plpgsql
    SET enable_seqscan = off
AS $$
BEGIN
    INSERT INTO procrastinate_events (job_id, type)
    VALUES (NEW.id, 'deferred');
    RETURN NULL;
END;
$$;

CREATE TRIGGER procrastinate_trigger_status_events_insert_v1
    AFTER INSERT ON procrastinate_jobs
    FOR EACH ROW
    WHEN (NEW.status = 'todo')
    EXECUTE FUNCTION procrastinate_trigger_function_status_events_insert_v1();

CREATE FUNCTION procrastinate_trigger_function_status_events_update_v1()
    RETURNS trigger
    LANGUAGE plpgsql
    SET enable_seqscan = off
AS $$
DECLARE
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
    -- Other changes, made by hand, leave no event.
    IF event_type IS NOT NULL THEN
        INSERT INTO procrastinate_events (job_id, type)
        VALUES (NEW.id, event_type);
    END IF;
    RETURN NULL;
END;
$$;

CREATE TRIGGER procrastinate_trigger_status_events_update_v1
    AFTER UPDATE OF status ON procrastinate_jobs
    FOR EACH ROW
    EXECUTE FUNCTION procrastinate_trigger_function_status_events_update_v1();

CREATE FUNCTION procrastinate_trigger_function_scheduled_events_v1()
    RETURNS trigger
    LANGUAGE plpgsql
    SET enable_seqscan = off
AS $$
BEGIN
    INSERT INTO procrastinate_events (job_id, type, at)
    VALUES (NEW.id, 'scheduled', NEW.scheduled_at);
    RETURN NULL;
END;
$$;

CREATE TRIGGER procrastinate_trigger_scheduled_events_v1
    AFTER INSERT OR UPDATE ON procrastinate_jobs
    FOR EACH ROW
    WHEN (NEW.scheduled_at IS NOT NULL AND NEW.status = 'todo')
    EXECUTE FUNCTION procrastinate_trigger_function_scheduled_events_v1();

CREATE FUNCTION procrastinate_trigger_abort_requested_events_procedure_v1()
    RETURNS trigger
    LANGUAGE plpgsql
    SET enable_seqscan = off
AS $$
BEGIN
    INSERT INTO procrastinate_events (job_id, type)
    VALUES (NEW.id, 'abort_requested');
    RETURN NULL;
END;
$$;

CREATE TRIGGER procrastinate_trigger_abort_requested_events_v1
    AFTER UPDATE OF abort_requested ON procrastinate_jobs
    FOR EACH ROW
    WHEN (NEW.abort_requested = true)
    EXECUTE FUNCTION procrastinate_trigger_abort_requested_events_procedure_v1();

-- The tick of a periodic task outlives its job, so that deleting the job does not defer the tick again.
CREATE FUNCTION procrastinate_unlink_periodic_defers_v1()
    RETURNS trigger
    LANGUAGE plpgsql
    SET enable_seqscan = off
AS $$
BEGIN
    UPDATE procrastinate_periodic_defers
       SET job_id = NULL
     WHERE job_id = OLD.id;
    RETURN OLD;
END;
$$;

CREATE TRIGGER procrastinate_trigger_delete_jobs_v1
    BEFORE DELETE ON procrastinate_jobs
    FOR EACH ROW
    EXECUTE FUNCTION procrastinate_unlink_periodic_defers_v1();
