-- query: fetch_jobs
-- parameter: queues text[]
-- parameter: limit integer
-- parameter: worker_id bigint
WITH picked AS MATERIALIZED (
    SELECT j.id
      FROM procrastinate_jobs j
     WHERE j.status = 'todo'
       AND (:queues IS NULL OR j.queue_name = ANY (:queues))
       AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())
       AND (j.lock IS NULL OR NOT EXISTS (
               SELECT FROM procrastinate_jobs o
                WHERE o.lock = j.lock
                  AND (o.status = 'doing'
                       OR o.status = 'todo' AND (o.priority > j.priority OR o.priority = j.priority AND o.id < j.id))))
     ORDER BY j.priority DESC, j.id
     LIMIT :limit
       FOR UPDATE SKIP LOCKED
), started AS (
    UPDATE procrastinate_jobs j
       SET status = 'doing', worker_id = :worker_id
      FROM picked p
     WHERE j.id = p.id
       AND j.status = 'todo'
    RETURNING j.*
)
SELECT id, queue_name::text AS queue_name, task_name::text AS task_name, priority, lock, queueing_lock, args::text AS args,
       CASE WHEN scheduled_at BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999999+00' THEN scheduled_at END AS scheduled_at,
       attempts, abort_requested
  FROM started
 ORDER BY priority DESC, id

-- query: finish_jobs
-- parameter: results json
WITH mine AS MATERIALIZED (
    SELECT j.id, r.status::procrastinate_job_status AS status, r.delete
      FROM jsonb_to_recordset(:results) AS r(id bigint, attempts integer, worker_id bigint, status text, delete boolean)
      JOIN procrastinate_jobs j ON j.id = r.id
     WHERE j.status = 'doing'
       AND j.attempts = r.attempts
       AND (j.worker_id = r.worker_id OR j.worker_id IS NULL)
       AND r.status IN ('succeeded', 'failed', 'aborted')
     ORDER BY j.id
       FOR UPDATE OF j
), stored AS (
    UPDATE procrastinate_jobs j
       SET status = m.status, attempts = j.attempts + 1, abort_requested = false
      FROM mine m
     WHERE j.id = m.id AND m.delete IS NOT TRUE
    RETURNING j.id
), deleted AS (
    DELETE FROM procrastinate_jobs j
     USING mine m
     WHERE j.id = m.id AND m.delete
    RETURNING j.id
)
SELECT id FROM stored UNION ALL SELECT id FROM deleted

-- query: retry_jobs
-- parameter: retries json
WITH mine AS MATERIALIZED (
    SELECT j.id, j.abort_requested AS abort, j.queueing_lock,
           COALESCE(r.retry_at, statement_timestamp() + r.delay_micros * interval '1 microsecond') AS retry_at, r.priority, r.queue_name, r.lock
      FROM jsonb_to_recordset(:retries)
           AS r(id bigint, attempts integer, worker_id bigint, retry_at timestamptz, delay_micros bigint, priority integer, queue_name text, lock text)
      JOIN procrastinate_jobs j ON j.id = r.id
     WHERE j.status = 'doing'
       AND j.attempts = r.attempts
       AND (j.worker_id = r.worker_id OR j.worker_id IS NULL)
     ORDER BY j.id
       FOR UPDATE OF j
), judged AS MATERIALIZED (
    SELECT m.*,
           CASE WHEN m.abort THEN 'failed'
                WHEN m.queueing_lock IS NOT NULL
                     AND (row_number() OVER (PARTITION BY m.queueing_lock, m.abort ORDER BY m.id) > 1
                          OR EXISTS (SELECT FROM procrastinate_jobs o WHERE o.status = 'todo' AND o.queueing_lock = m.queueing_lock)) THEN 'conflict'
                ELSE 'todo' END AS outcome
      FROM mine m
), stored AS (
    UPDATE procrastinate_jobs j
       SET status = (CASE g.outcome WHEN 'todo' THEN 'todo' ELSE 'failed' END)::procrastinate_job_status,
           attempts = CASE g.outcome WHEN 'failed' THEN j.attempts ELSE j.attempts + 1 END,
           scheduled_at = CASE g.outcome WHEN 'todo' THEN g.retry_at ELSE j.scheduled_at END,
           priority = CASE g.outcome WHEN 'todo' THEN COALESCE(g.priority, j.priority) ELSE j.priority END,
           queue_name = CASE g.outcome WHEN 'todo' THEN COALESCE(g.queue_name, j.queue_name) ELSE j.queue_name END,
           lock = CASE g.outcome WHEN 'todo' THEN COALESCE(g.lock, j.lock) ELSE j.lock END
      FROM judged g
     WHERE j.id = g.id
    RETURNING j.id, g.outcome
)
SELECT id, outcome AS status FROM stored

-- query: give_back
-- parameter: jobs json
WITH mine AS MATERIALIZED (
    SELECT j.id, j.abort_requested AS abort, j.queueing_lock
      FROM jsonb_to_recordset(:jobs) AS r(id bigint, attempts integer, worker_id bigint)
      JOIN procrastinate_jobs j ON j.id = r.id
     WHERE j.status = 'doing'
       AND j.attempts = r.attempts
       AND (j.worker_id = r.worker_id OR j.worker_id IS NULL)
     ORDER BY j.id
       FOR UPDATE OF j
), judged AS MATERIALIZED (
    SELECT m.*,
           CASE WHEN m.abort THEN 'aborted'
                WHEN m.queueing_lock IS NOT NULL
                     AND (row_number() OVER (PARTITION BY m.queueing_lock, m.abort ORDER BY m.id) > 1
                          OR EXISTS (SELECT FROM procrastinate_jobs o WHERE o.status = 'todo' AND o.queueing_lock = m.queueing_lock)) THEN 'conflict'
                ELSE 'todo' END AS outcome
      FROM mine m
), stored AS (
    UPDATE procrastinate_jobs j
       SET status = (CASE g.outcome WHEN 'conflict' THEN 'failed' ELSE g.outcome END)::procrastinate_job_status,
           attempts = CASE g.outcome WHEN 'todo' THEN j.attempts ELSE j.attempts + 1 END,
           abort_requested = false,
           worker_id = CASE g.outcome WHEN 'todo' THEN NULL ELSE j.worker_id END
      FROM judged g
     WHERE j.id = g.id
    RETURNING j.id, g.outcome, j.queue_name
), told AS MATERIALIZED (
    SELECT count(*) AS n
      FROM stored s
     CROSS JOIN LATERAL json_build_object('type', 'job_inserted', 'job_id', s.id) AS payload
     CROSS JOIN LATERAL pg_notify('procrastinate_queue_v1#' || s.queue_name, payload::text) AS a
     CROSS JOIN LATERAL pg_notify('procrastinate_any_queue_v1', payload::text) AS b
     WHERE s.outcome = 'todo'
)
SELECT s.id, s.outcome AS status FROM stored s CROSS JOIN told

-- query: register_worker
SELECT worker_id AS id FROM procrastinate_register_worker_v1()

-- query: heartbeat
-- parameter: worker_id bigint
UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id = :worker_id RETURNING id

-- query: unregister_worker
-- parameter: worker_id bigint
DELETE FROM procrastinate_workers WHERE id = :worker_id RETURNING id

-- query: prune_workers
-- parameter: seconds bigint
-- parameter: limit integer
DELETE FROM procrastinate_workers w
 USING (SELECT d.id FROM procrastinate_workers d
         WHERE d.last_heartbeat < now() - :seconds * interval '1 second'
           AND NOT EXISTS (SELECT FROM procrastinate_jobs j WHERE j.worker_id = d.id AND j.status = 'doing')
         ORDER BY d.id
         LIMIT :limit
           FOR UPDATE SKIP LOCKED) dead
 WHERE w.id = dead.id
RETURNING w.id

-- query: reclaim
-- parameter: jobs json
-- parameter: old_worker_id bigint
-- parameter: worker_id bigint
WITH mine AS MATERIALIZED (
    SELECT j.id
      FROM jsonb_to_recordset(:jobs) AS r(id bigint, attempts integer)
      JOIN procrastinate_jobs j ON j.id = r.id
     WHERE j.status = 'doing'
       AND j.attempts = r.attempts
       AND (j.worker_id IS NULL OR j.worker_id IN (:old_worker_id, :worker_id))
     ORDER BY j.id
       FOR UPDATE OF j
)
UPDATE procrastinate_jobs j
   SET worker_id = :worker_id
  FROM mine m
 WHERE j.id = m.id
RETURNING j.id

-- query: held_jobs
-- parameter: worker_id bigint
-- What the database knows this worker to run: what is missing has been taken away.
SELECT id, attempts, abort_requested
  FROM procrastinate_jobs
 WHERE worker_id = :worker_id
   AND status = 'doing'

-- query: job_states
-- parameter: ids bigint[]
SELECT id, status::text AS status, attempts
  FROM procrastinate_jobs
 WHERE id = ANY (:ids)

-- query: stalled_jobs
-- parameter: seconds bigint
-- parameter: queues text[]
-- parameter: limit integer
SELECT j.id, j.queue_name::text AS queue_name, j.task_name::text AS task_name, j.priority, j.lock, j.queueing_lock, j.args::text AS args,
       CASE WHEN j.scheduled_at BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999999+00' THEN j.scheduled_at END AS scheduled_at,
       j.attempts, j.abort_requested, j.worker_id
  FROM procrastinate_jobs j
  LEFT JOIN procrastinate_workers w ON w.id = j.worker_id
 WHERE j.status = 'doing'
   AND (:queues IS NULL OR j.queue_name = ANY (:queues))
   AND CASE WHEN w.id IS NULL
            THEN NOT EXISTS (SELECT FROM procrastinate_events e
                              WHERE e.job_id = j.id AND e.type = 'started' AND e.at > now() - :seconds * interval '1 second')
            ELSE w.last_heartbeat < now() - :seconds * interval '1 second' END
 ORDER BY j.id
 LIMIT :limit

-- query: rescue_jobs
-- parameter: jobs json
-- parameter: seconds bigint
WITH seen AS MATERIALIZED (
    SELECT *
      FROM jsonb_to_recordset(:jobs)
           AS r(id bigint, attempts integer, worker_id bigint, retry boolean, retry_at timestamptz, delay_micros bigint, priority integer, queue_name text, lock text)
), dead AS MATERIALIZED (
    SELECT w.id
      FROM procrastinate_workers w
     WHERE w.id IN (SELECT worker_id FROM seen)
       AND w.last_heartbeat < now() - :seconds * interval '1 second'
     ORDER BY w.id
       FOR NO KEY UPDATE SKIP LOCKED
), mine AS MATERIALIZED (
    SELECT j.id, j.abort_requested AS abort, j.queueing_lock, s.retry,
           COALESCE(s.retry_at, statement_timestamp() + s.delay_micros * interval '1 microsecond') AS retry_at, s.priority, s.queue_name, s.lock
      FROM seen s
      JOIN procrastinate_jobs j ON j.id = s.id
     WHERE j.status = 'doing'
       AND j.attempts = s.attempts
       AND j.worker_id IS NOT DISTINCT FROM s.worker_id
       AND (j.worker_id IS NULL OR j.worker_id IN (SELECT d.id FROM dead d))
     ORDER BY j.id
       FOR UPDATE OF j SKIP LOCKED
), judged AS MATERIALIZED (
    SELECT m.*,
           CASE WHEN m.abort OR m.retry IS NOT TRUE THEN 'failed'
                WHEN m.queueing_lock IS NOT NULL
                     AND (row_number() OVER (PARTITION BY m.queueing_lock, m.abort OR m.retry IS NOT TRUE ORDER BY m.id) > 1
                          OR EXISTS (SELECT FROM procrastinate_jobs o WHERE o.status = 'todo' AND o.queueing_lock = m.queueing_lock)) THEN 'conflict'
                ELSE 'todo' END AS outcome
      FROM mine m
), stored AS (
    UPDATE procrastinate_jobs j
       SET status = (CASE g.outcome WHEN 'todo' THEN 'todo' ELSE 'failed' END)::procrastinate_job_status,
           attempts = j.attempts + 1,
           abort_requested = false,
           scheduled_at = CASE g.outcome WHEN 'todo' THEN g.retry_at ELSE j.scheduled_at END,
           priority = CASE g.outcome WHEN 'todo' THEN COALESCE(g.priority, j.priority) ELSE j.priority END,
           queue_name = CASE g.outcome WHEN 'todo' THEN COALESCE(g.queue_name, j.queue_name) ELSE j.queue_name END,
           lock = CASE g.outcome WHEN 'todo' THEN COALESCE(g.lock, j.lock) ELSE j.lock END
      FROM judged g
     WHERE j.id = g.id
    RETURNING j.id, g.outcome
)
SELECT id, outcome AS status FROM stored
-- query: next_due
-- parameter: queues text[]
SELECT ceil(extract(epoch FROM min(w.scheduled_at) - clock_timestamp()) * 1000)::bigint AS millis
  FROM (SELECT j.scheduled_at, j.queue_name FROM procrastinate_jobs j
         WHERE j.status = 'todo' ORDER BY j.priority DESC, j.id LIMIT 10000) w
 WHERE w.scheduled_at > now() AND w.scheduled_at < 'infinity'
   AND (:queues IS NULL OR w.queue_name = ANY (:queues))

-- query: now
SELECT clock_timestamp() AS now

-- query: defer_periodic
-- parameter: queue_name text
-- parameter: lock text
-- parameter: queueing_lock text
-- parameter: task_name text
-- parameter: priority integer
-- parameter: periodic_id text
-- parameter: timestamp bigint
-- parameter: args json
-- The function forgets older times when a newer one is deferred, and would let them through a second time.
SELECT CASE
           WHEN NOT EXISTS (
               SELECT
                 FROM procrastinate_periodic_defers
                WHERE task_name = :task_name
                  AND periodic_id = :periodic_id
                  AND defer_timestamp >= :timestamp)
           THEN procrastinate_defer_periodic_job_v2(
               :queue_name, :lock, :queueing_lock, :task_name, :priority, :periodic_id, :timestamp, :args)
       END AS id
