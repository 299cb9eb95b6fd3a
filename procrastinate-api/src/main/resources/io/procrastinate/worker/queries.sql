-- query: has_indexes
-- Whether the indexes are there on which the fetches below walk; one that was not built to its end does not count.
SELECT count(*) = 6 AS present
  FROM unnest(ARRAY['procrastinate_java_free_idx', 'procrastinate_java_free_queue_idx', 'procrastinate_java_due_idx',
                    'procrastinate_java_lock_idx', 'procrastinate_java_locked_idx', 'procrastinate_java_locked_queue_idx']) AS n(name)
  JOIN pg_index i ON i.indexrelid = to_regclass(n.name)
 WHERE i.indisvalid
   AND i.indrelid = to_regclass('procrastinate_jobs')

-- part: start_picked
), started AS (
    UPDATE procrastinate_jobs j
       SET status = 'doing', worker_id = :worker_id
     WHERE j.id = ANY (ARRAY(SELECT p.id FROM picked p))
    RETURNING j.*
)
SELECT id, queue_name::text AS queue_name, task_name::text AS task_name, priority, lock, queueing_lock, args::text AS args,
       CASE WHEN scheduled_at BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999999+00' THEN scheduled_at END AS scheduled_at,
       attempts, abort_requested

-- query: fetch_jobs_all
-- parameter: limit integer
-- parameter: worker_id bigint
-- Walks that each stop early, whatever waits in front: free (no lock, no schedule), due (schedule reached; where a flood
-- of jobs is due, one walk over both instead), near (the best ranked jobs with a lock), and where those do not suffice a
-- scan over the locks: one by one up to a bound, else by rank. Rows are found by probes of their id: a join is planned for
-- a table that was empty once, and reads all of it for ever after.
WITH RECURSIVE queues(name) AS (
    (SELECT queue_name FROM procrastinate_jobs WHERE status = 'todo' AND scheduled_at IS NOT NULL ORDER BY queue_name LIMIT 1)
    UNION ALL
    SELECT (SELECT j.queue_name FROM procrastinate_jobs j
             WHERE j.status = 'todo' AND j.scheduled_at IS NOT NULL AND j.queue_name > q.name ORDER BY j.queue_name LIMIT 1)
      FROM queues q
     WHERE q.name IS NOT NULL
), flood AS MATERIALIZED (
    SELECT count(*) > 5000 AS yes
      FROM (SELECT FROM queues q CROSS JOIN LATERAL (
                SELECT FROM procrastinate_jobs j
                 WHERE j.status = 'todo' AND j.queue_name = q.name AND j.scheduled_at <= now() LIMIT 5001) d
             LIMIT 5001) c
), free AS MATERIALIZED (
    SELECT j.id, j.priority
      FROM procrastinate_jobs j
     WHERE j.status = 'todo' AND j.lock IS NULL AND j.scheduled_at IS NULL
       AND NOT (SELECT yes FROM flood)
     ORDER BY j.priority DESC, j.id
     LIMIT :limit
       FOR UPDATE SKIP LOCKED
), due_ids AS MATERIALIZED (
    SELECT d.id, d.priority
      FROM queues q CROSS JOIN LATERAL (
           SELECT j.id, j.priority FROM procrastinate_jobs j
            WHERE j.status = 'todo' AND j.queue_name = q.name AND j.scheduled_at <= now() AND j.lock IS NULL OFFSET 0) d
     WHERE NOT (SELECT yes FROM flood)
), due AS MATERIALIZED (
    SELECT l.id, l.priority
      FROM (SELECT id FROM due_ids ORDER BY priority DESC, id) d
     CROSS JOIN LATERAL (SELECT * FROM procrastinate_jobs j WHERE j.id = d.id OFFSET 0 FOR UPDATE SKIP LOCKED) l
     WHERE l.status = 'todo' AND l.scheduled_at <= now() AND l.lock IS NULL
     LIMIT :limit
), flooded AS MATERIALIZED (
    SELECT j.id, j.priority
      FROM procrastinate_jobs j
     WHERE j.status = 'todo' AND j.lock IS NULL AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())
       AND (SELECT yes FROM flood)
     ORDER BY j.priority DESC, j.id
     LIMIT :limit
       FOR UPDATE SKIP LOCKED
), near AS MATERIALIZED (
    SELECT j.id, j.priority, j.lock, j.scheduled_at
      FROM procrastinate_jobs j
     WHERE j.status = 'todo' AND j.lock IS NOT NULL
     ORDER BY j.priority DESC, j.id
     LIMIT 500
), near_heads AS MATERIALIZED (
    SELECT h.id, h.priority
      FROM (SELECT DISTINCT lock FROM near) n CROSS JOIN LATERAL (
           SELECT j.id, j.priority, j.scheduled_at FROM procrastinate_jobs j
            WHERE j.status = 'todo' AND j.lock = n.lock ORDER BY j.priority DESC, j.id LIMIT 1) h
     WHERE (h.scheduled_at IS NULL OR h.scheduled_at <= now())
       AND NOT EXISTS (SELECT FROM procrastinate_jobs r WHERE r.status = 'doing' AND r.lock = n.lock)
), short AS MATERIALIZED (
    SELECT (SELECT count(*) FROM near) = 500 AND (SELECT count(*) FROM near_heads) < :limit AS yes
), heads(lock, id, priority, scheduled_at, n) AS (
    (SELECT j.lock, j.id, j.priority, j.scheduled_at, 1
       FROM procrastinate_jobs j
      WHERE j.status = 'todo' AND j.lock IS NOT NULL
        AND (SELECT yes FROM short)
      ORDER BY j.lock, j.priority DESC, j.id
      LIMIT 1)
    UNION ALL
    SELECT x.lock, x.id, x.priority, x.scheduled_at, h.n + 1
      FROM heads h CROSS JOIN LATERAL (
           SELECT j.lock, j.id, j.priority, j.scheduled_at
             FROM procrastinate_jobs j
            WHERE j.status = 'todo' AND j.lock > h.lock
            ORDER BY j.lock, j.priority DESC, j.id
            LIMIT 1) x
     WHERE h.n <= 1000
), many AS MATERIALIZED (
    SELECT count(*) > 1000 AS yes FROM heads
), far_heads AS MATERIALIZED (
    SELECT h.id, h.priority
      FROM heads h
     WHERE NOT (SELECT yes FROM many)
       AND (h.scheduled_at IS NULL OR h.scheduled_at <= now())
       AND NOT EXISTS (SELECT FROM procrastinate_jobs r WHERE r.status = 'doing' AND r.lock = h.lock)
), walk_heads AS MATERIALIZED (
    SELECT j.id, j.priority
      FROM procrastinate_jobs j
     WHERE (SELECT yes FROM many)
       AND j.status = 'todo' AND j.lock IS NOT NULL
       AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())
       AND j.lock NOT IN (SELECT r.lock FROM procrastinate_jobs r WHERE r.status = 'doing' AND r.lock IS NOT NULL)
       AND j.id = (SELECT h.id FROM procrastinate_jobs h WHERE h.status = 'todo' AND h.lock = j.lock ORDER BY h.priority DESC, h.id LIMIT 1)
     ORDER BY j.priority DESC, j.id
     LIMIT 4 * :limit
), locked AS MATERIALIZED (
    SELECT l.id, l.priority
      FROM (SELECT id, priority FROM near_heads WHERE NOT (SELECT yes FROM short)
            UNION ALL SELECT id, priority FROM far_heads
            UNION ALL SELECT id, priority FROM walk_heads
            ORDER BY priority DESC, id) c
     CROSS JOIN LATERAL (SELECT * FROM procrastinate_jobs j WHERE j.id = c.id OFFSET 0 FOR UPDATE SKIP LOCKED) l
     WHERE l.status = 'todo' AND l.lock IS NOT NULL AND (l.scheduled_at IS NULL OR l.scheduled_at <= now())
     LIMIT :limit
), picked AS MATERIALIZED (
    SELECT id
      FROM (SELECT * FROM free UNION ALL SELECT * FROM due UNION ALL SELECT * FROM flooded UNION ALL SELECT * FROM locked) c
     ORDER BY priority DESC, id
     LIMIT :limit
-- include: start_picked
  FROM started
 ORDER BY priority DESC, id

-- query: fetch_jobs_queues
-- parameter: queues text[]
-- parameter: limit integer
-- parameter: worker_id bigint
-- As fetch_jobs_all, each walk once for each queue. A queue is asked for as a list of one, and ordered by: where nearly all
-- jobs are of one queue, the planner would rather look for another one in the index that is not by queue, and read all of it.
WITH RECURSIVE queues AS MATERIALIZED (
    SELECT DISTINCT unnest(:queues) AS name
), flood AS MATERIALIZED (
    SELECT count(*) > 5000 AS yes
      FROM (SELECT FROM queues q CROSS JOIN LATERAL (
                SELECT FROM procrastinate_jobs j
                 WHERE j.status = 'todo' AND j.queue_name = q.name AND j.scheduled_at <= now() LIMIT 5001) d
             LIMIT 5001) c
), free AS MATERIALIZED (
    SELECT w.id, w.priority
      FROM queues q CROSS JOIN LATERAL (
           SELECT j.id, j.priority
             FROM procrastinate_jobs j
            WHERE j.status = 'todo' AND j.lock IS NULL AND j.scheduled_at IS NULL AND j.queue_name = ANY (ARRAY[q.name])
            ORDER BY j.queue_name, j.priority DESC, j.id
            LIMIT :limit
              FOR UPDATE SKIP LOCKED) w
     WHERE NOT (SELECT yes FROM flood)
), due_ids AS MATERIALIZED (
    SELECT d.id, d.priority
      FROM queues q CROSS JOIN LATERAL (
           SELECT j.id, j.priority FROM procrastinate_jobs j
            WHERE j.status = 'todo' AND j.queue_name = q.name AND j.scheduled_at <= now() AND j.lock IS NULL OFFSET 0) d
     WHERE NOT (SELECT yes FROM flood)
), due AS MATERIALIZED (
    SELECT l.id, l.priority
      FROM (SELECT id FROM due_ids ORDER BY priority DESC, id) d
     CROSS JOIN LATERAL (SELECT * FROM procrastinate_jobs j WHERE j.id = d.id OFFSET 0 FOR UPDATE SKIP LOCKED) l
     WHERE l.status = 'todo' AND l.scheduled_at <= now() AND l.lock IS NULL
     LIMIT :limit
), flooded AS MATERIALIZED (
    SELECT j.id, j.priority
      FROM procrastinate_jobs j
     WHERE j.status = 'todo' AND j.lock IS NULL AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())
       AND j.queue_name = ANY (:queues)
       AND (SELECT yes FROM flood)
     ORDER BY j.priority DESC, j.id
     LIMIT :limit
       FOR UPDATE SKIP LOCKED
), near AS MATERIALIZED (
    SELECT w.id, w.priority, w.lock, w.scheduled_at
      FROM queues q CROSS JOIN LATERAL (
           SELECT j.id, j.priority, j.lock, j.scheduled_at
             FROM procrastinate_jobs j
            WHERE j.status = 'todo' AND j.lock IS NOT NULL AND j.queue_name = ANY (ARRAY[q.name])
            ORDER BY j.queue_name, j.priority DESC, j.id
            LIMIT 500) w
     ORDER BY w.priority DESC, w.id
     LIMIT 500
), near_heads AS MATERIALIZED (
    SELECT h.id, h.priority
      FROM (SELECT DISTINCT lock FROM near) n CROSS JOIN LATERAL (
           SELECT j.id, j.priority, j.scheduled_at, j.queue_name FROM procrastinate_jobs j
            WHERE j.status = 'todo' AND j.lock = n.lock ORDER BY j.priority DESC, j.id LIMIT 1) h
     WHERE (h.scheduled_at IS NULL OR h.scheduled_at <= now())
       AND h.queue_name = ANY (:queues)
       AND NOT EXISTS (SELECT FROM procrastinate_jobs r WHERE r.status = 'doing' AND r.lock = n.lock)
), short AS MATERIALIZED (
    SELECT (SELECT count(*) FROM near) = 500 AND (SELECT count(*) FROM near_heads) < :limit AS yes
), heads(lock, id, priority, scheduled_at, queue_name, n) AS (
    (SELECT j.lock, j.id, j.priority, j.scheduled_at, j.queue_name, 1
       FROM procrastinate_jobs j
      WHERE j.status = 'todo' AND j.lock IS NOT NULL
        AND (SELECT yes FROM short)
      ORDER BY j.lock, j.priority DESC, j.id
      LIMIT 1)
    UNION ALL
    SELECT x.lock, x.id, x.priority, x.scheduled_at, x.queue_name, h.n + 1
      FROM heads h CROSS JOIN LATERAL (
           SELECT j.lock, j.id, j.priority, j.scheduled_at, j.queue_name
             FROM procrastinate_jobs j
            WHERE j.status = 'todo' AND j.lock > h.lock
            ORDER BY j.lock, j.priority DESC, j.id
            LIMIT 1) x
     WHERE h.n <= 1000
), many AS MATERIALIZED (
    SELECT count(*) > 1000 AS yes FROM heads
), far_heads AS MATERIALIZED (
    SELECT h.id, h.priority
      FROM heads h
     WHERE NOT (SELECT yes FROM many)
       AND h.queue_name = ANY (:queues)
       AND (h.scheduled_at IS NULL OR h.scheduled_at <= now())
       AND NOT EXISTS (SELECT FROM procrastinate_jobs r WHERE r.status = 'doing' AND r.lock = h.lock)
), walk_heads AS MATERIALIZED (
    SELECT w.id, w.priority
      FROM queues q CROSS JOIN LATERAL (
           SELECT j.id, j.priority
             FROM procrastinate_jobs j
            WHERE j.status = 'todo' AND j.lock IS NOT NULL AND j.queue_name = ANY (ARRAY[q.name])
              AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())
              AND j.lock NOT IN (SELECT r.lock FROM procrastinate_jobs r WHERE r.status = 'doing' AND r.lock IS NOT NULL)
              AND j.id = (SELECT h.id FROM procrastinate_jobs h WHERE h.status = 'todo' AND h.lock = j.lock ORDER BY h.priority DESC, h.id LIMIT 1)
            ORDER BY j.queue_name, j.priority DESC, j.id
            LIMIT 4 * :limit) w
     WHERE (SELECT yes FROM many)
), locked AS MATERIALIZED (
    SELECT l.id, l.priority
      FROM (SELECT id, priority FROM near_heads WHERE NOT (SELECT yes FROM short)
            UNION ALL SELECT id, priority FROM far_heads
            UNION ALL SELECT id, priority FROM walk_heads
            ORDER BY priority DESC, id) c
     CROSS JOIN LATERAL (SELECT * FROM procrastinate_jobs j WHERE j.id = c.id OFFSET 0 FOR UPDATE SKIP LOCKED) l
     WHERE l.status = 'todo' AND l.lock IS NOT NULL AND (l.scheduled_at IS NULL OR l.scheduled_at <= now())
     LIMIT :limit
), picked AS MATERIALIZED (
    SELECT id
      FROM (SELECT * FROM free UNION ALL SELECT * FROM due UNION ALL SELECT * FROM flooded UNION ALL SELECT * FROM locked) c
     ORDER BY priority DESC, id
     LIMIT :limit
-- include: start_picked
  FROM started
 ORDER BY priority DESC, id

-- query: fetch_free_jobs_all
-- parameter: limit integer
-- parameter: worker_id bigint
-- What fetch_jobs_all takes where no job with a lock waits and no schedule is due, in a statement that is small: its plan costs
-- little to begin and end. Takes nothing elsewhere. A row without a job tells which it is where there is no job to tell it.
WITH RECURSIVE queues(name) AS (
    (SELECT queue_name FROM procrastinate_jobs WHERE status = 'todo' AND scheduled_at IS NOT NULL ORDER BY queue_name LIMIT 1)
    UNION ALL
    SELECT (SELECT j.queue_name FROM procrastinate_jobs j
             WHERE j.status = 'todo' AND j.scheduled_at IS NOT NULL AND j.queue_name > q.name ORDER BY j.queue_name LIMIT 1)
      FROM queues q
     WHERE q.name IS NOT NULL
), all_free AS MATERIALIZED (
    SELECT NOT EXISTS (SELECT FROM procrastinate_jobs j WHERE j.status = 'todo' AND j.lock IS NOT NULL)
           AND NOT EXISTS (SELECT FROM queues q CROSS JOIN LATERAL (
                               SELECT FROM procrastinate_jobs j
                                WHERE j.status = 'todo' AND j.queue_name = q.name AND j.scheduled_at <= now() LIMIT 1) d) AS yes
), picked AS MATERIALIZED (
    SELECT j.id
      FROM procrastinate_jobs j
     WHERE j.status = 'todo' AND j.lock IS NULL AND j.scheduled_at IS NULL
       AND (SELECT yes FROM all_free)
     ORDER BY j.priority DESC, j.id
     LIMIT :limit
       FOR UPDATE SKIP LOCKED
-- include: start_picked
     , all_free.yes AS all_free
  FROM all_free LEFT JOIN started ON true
 ORDER BY priority DESC, id

-- query: fetch_free_jobs_queues
-- parameter: queues text[]
-- parameter: limit integer
-- parameter: worker_id bigint
-- As fetch_free_jobs_all, for jobs of these queues.
WITH queues AS MATERIALIZED (
    SELECT DISTINCT unnest(:queues) AS name
), all_free AS MATERIALIZED (
    SELECT NOT EXISTS (SELECT FROM queues q CROSS JOIN LATERAL (
                           SELECT FROM procrastinate_jobs j
                            WHERE j.status = 'todo' AND j.lock IS NOT NULL AND j.queue_name = ANY (ARRAY[q.name]) LIMIT 1) l)
           AND NOT EXISTS (SELECT FROM queues q CROSS JOIN LATERAL (
                               SELECT FROM procrastinate_jobs j
                                WHERE j.status = 'todo' AND j.queue_name = q.name AND j.scheduled_at <= now() LIMIT 1) d) AS yes
), free AS MATERIALIZED (
    SELECT w.id, w.priority
      FROM queues q CROSS JOIN LATERAL (
           SELECT j.id, j.priority
             FROM procrastinate_jobs j
            WHERE j.status = 'todo' AND j.lock IS NULL AND j.scheduled_at IS NULL AND j.queue_name = ANY (ARRAY[q.name])
            ORDER BY j.queue_name, j.priority DESC, j.id
            LIMIT :limit
              FOR UPDATE SKIP LOCKED) w
     WHERE (SELECT yes FROM all_free)
), picked AS MATERIALIZED (
    SELECT id FROM free ORDER BY priority DESC, id LIMIT :limit
-- include: start_picked
     , all_free.yes AS all_free
  FROM all_free LEFT JOIN started ON true
 ORDER BY priority DESC, id

-- query: fetch_jobs_plain
-- parameter: queues text[]
-- parameter: limit integer
-- parameter: worker_id bigint
-- For a database without our indexes.
WITH picked AS MATERIALIZED (
    SELECT j.id
      FROM procrastinate_jobs j
     WHERE j.status = 'todo'
       AND (:queues IS NULL OR j.queue_name = ANY (:queues))
       AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())
       AND (j.lock IS NULL
            OR NOT EXISTS (SELECT FROM procrastinate_jobs r WHERE r.status = 'doing' AND r.lock = j.lock)
               AND j.id = (SELECT h.id FROM procrastinate_jobs h WHERE h.status = 'todo' AND h.lock = j.lock AND h.priority >= j.priority
                            ORDER BY h.priority DESC, h.id LIMIT 1))
     ORDER BY j.priority DESC, j.id
     LIMIT :limit
       FOR UPDATE SKIP LOCKED
-- include: start_picked
  FROM started
 ORDER BY priority DESC, id

-- query: next_due
-- parameter: queues text[]
-- parameter: after_micros bigint
-- With our indexes. Rounded up, so that a poll after so long finds the job.
WITH RECURSIVE loose(name) AS (
    (SELECT queue_name::text FROM procrastinate_jobs
      WHERE status = 'todo' AND scheduled_at IS NOT NULL AND :queues IS NULL ORDER BY queue_name LIMIT 1)
    UNION ALL
    SELECT (SELECT j.queue_name::text FROM procrastinate_jobs j
             WHERE j.status = 'todo' AND j.scheduled_at IS NOT NULL AND j.queue_name > q.name ORDER BY j.queue_name LIMIT 1)
      FROM loose q
     WHERE q.name IS NOT NULL
), queues AS (
    SELECT name FROM loose UNION ALL SELECT DISTINCT unnest(:queues)
)
SELECT ceil(extract(epoch FROM min(d.scheduled_at) - clock_timestamp()) * 1000)::bigint AS millis,
       (extract(epoch FROM now()) * 1000000)::bigint AS asked_at
  FROM queues q CROSS JOIN LATERAL (
       SELECT j.scheduled_at FROM procrastinate_jobs j
        WHERE j.status = 'todo' AND j.queue_name = q.name
          AND j.scheduled_at > timestamptz 'epoch' + :after_micros * interval '1 microsecond' AND j.scheduled_at < 'infinity'
        ORDER BY j.scheduled_at LIMIT 1) d

-- query: next_due_plain
-- parameter: queues text[]
-- parameter: after_micros bigint
-- Without our indexes it looks at the best ranked waiting jobs only: polling finds what is missed.
SELECT ceil(extract(epoch FROM min(w.scheduled_at) - clock_timestamp()) * 1000)::bigint AS millis,
       (extract(epoch FROM now()) * 1000000)::bigint AS asked_at
  FROM (SELECT j.scheduled_at, j.queue_name FROM procrastinate_jobs j
         WHERE j.status = 'todo' ORDER BY j.priority DESC, j.id LIMIT 10000) w
 WHERE w.scheduled_at > timestamptz 'epoch' + :after_micros * interval '1 microsecond' AND w.scheduled_at < 'infinity'
   AND (:queues IS NULL OR w.queue_name = ANY (:queues))

-- query: finish_jobs
-- parameter: results json
WITH mine AS MATERIALIZED (
    SELECT j.id, r.status, r.delete
      FROM (SELECT * FROM jsonb_to_recordset(:results) AS r(id bigint, attempts integer, worker_id bigint, status text, delete boolean) ORDER BY id) r
     CROSS JOIN LATERAL (SELECT * FROM procrastinate_jobs t WHERE t.id = r.id OFFSET 0 FOR UPDATE) j
     WHERE j.status = 'doing'
       AND j.attempts = r.attempts
       AND (j.worker_id = r.worker_id OR j.worker_id IS NULL)
       AND r.status IN ('succeeded', 'failed', 'aborted')
), stored AS (
    UPDATE procrastinate_jobs j
       SET status = (CASE WHEN j.id IN (SELECT m.id FROM mine m WHERE m.status = 'succeeded') THEN 'succeeded'
                          WHEN j.id IN (SELECT m.id FROM mine m WHERE m.status = 'failed') THEN 'failed'
                          ELSE 'aborted' END)::procrastinate_job_status,
           attempts = LEAST(j.attempts, 2147483646) + 1, abort_requested = false
     WHERE j.id = ANY (ARRAY(SELECT m.id FROM mine m WHERE m.delete IS NOT TRUE))
    RETURNING j.id
), deleted AS (
    DELETE FROM procrastinate_jobs j
     WHERE j.id = ANY (ARRAY(SELECT m.id FROM mine m WHERE m.delete))
    RETURNING j.id
)
SELECT id FROM stored UNION ALL SELECT id FROM deleted

-- query: retry_jobs
-- parameter: retries json
WITH mine AS MATERIALIZED (
    SELECT j.id, j.abort_requested AS abort, j.queueing_lock,
           COALESCE(r.retry_at, statement_timestamp() + r.delay_micros * interval '1 microsecond') AS retry_at, r.priority, r.queue_name, r.lock
      FROM (SELECT * FROM jsonb_to_recordset(:retries) AS r(id bigint, attempts integer, worker_id bigint, retry_at timestamptz, delay_micros bigint, priority integer, queue_name text, lock text) ORDER BY id) r
     CROSS JOIN LATERAL (SELECT * FROM procrastinate_jobs t WHERE t.id = r.id OFFSET 0 FOR UPDATE) j
     WHERE j.status = 'doing'
       AND j.attempts = r.attempts
       AND (j.worker_id = r.worker_id OR j.worker_id IS NULL)
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
           attempts = CASE g.outcome WHEN 'failed' THEN j.attempts ELSE LEAST(j.attempts, 2147483646) + 1 END,
           scheduled_at = CASE g.outcome WHEN 'todo' THEN g.retry_at ELSE j.scheduled_at END,
           priority = CASE g.outcome WHEN 'todo' THEN COALESCE(g.priority, j.priority) ELSE j.priority END,
           queue_name = CASE g.outcome WHEN 'todo' THEN COALESCE(g.queue_name, j.queue_name) ELSE j.queue_name END,
           lock = CASE g.outcome WHEN 'todo' THEN COALESCE(g.lock, j.lock) ELSE j.lock END
      FROM judged g
     WHERE j.id = g.id AND j.id = ANY (ARRAY(SELECT id FROM judged))
    RETURNING j.id, g.outcome
)
SELECT id, outcome AS status FROM stored

-- query: give_back
-- parameter: jobs json
WITH mine AS MATERIALIZED (
    SELECT j.id, j.abort_requested AS abort, j.queueing_lock
      FROM (SELECT * FROM jsonb_to_recordset(:jobs) AS r(id bigint, attempts integer, worker_id bigint) ORDER BY id) r
     CROSS JOIN LATERAL (SELECT * FROM procrastinate_jobs t WHERE t.id = r.id OFFSET 0 FOR UPDATE) j
     WHERE j.status = 'doing'
       AND j.attempts = r.attempts
       AND (j.worker_id = r.worker_id OR j.worker_id IS NULL)
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
           attempts = CASE g.outcome WHEN 'todo' THEN j.attempts ELSE LEAST(j.attempts, 2147483646) + 1 END,
           abort_requested = false,
           worker_id = CASE g.outcome WHEN 'todo' THEN NULL ELSE j.worker_id END
      FROM judged g
     WHERE j.id = g.id AND j.id = ANY (ARRAY(SELECT id FROM judged))
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
UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id = :worker_id
RETURNING (extract(epoch FROM last_heartbeat) * 1000000)::bigint AS beat_micros

-- query: unregister_worker
-- parameter: worker_id bigint
DELETE FROM procrastinate_workers WHERE id = :worker_id RETURNING id

-- query: prune_workers
-- parameter: seconds bigint
-- parameter: until_micros bigint
-- parameter: limit integer
DELETE FROM procrastinate_workers w
 USING (SELECT d.id FROM procrastinate_workers d
         WHERE d.last_heartbeat < now() - :seconds * interval '1 second'
           AND now() <= timestamptz 'epoch' + :until_micros * interval '1 microsecond'
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
      FROM (SELECT * FROM jsonb_to_recordset(:jobs) AS r(id bigint, attempts integer) ORDER BY id) r
     CROSS JOIN LATERAL (SELECT * FROM procrastinate_jobs t WHERE t.id = r.id OFFSET 0 FOR UPDATE) j
     WHERE j.status = 'doing'
       AND j.attempts = r.attempts
       AND (j.worker_id IS NULL OR j.worker_id IN (:old_worker_id, :worker_id))
)
UPDATE procrastinate_jobs j
   SET worker_id = :worker_id
 WHERE j.id = ANY (ARRAY(SELECT m.id FROM mine m))
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
SELECT id, status::text AS status, attempts, worker_id
  FROM procrastinate_jobs
 WHERE id = ANY (:ids)

-- query: stalled_jobs
-- parameter: seconds bigint
-- parameter: until_micros bigint
-- parameter: queues text[]
-- parameter: after_id bigint
-- parameter: limit integer
SELECT j.id, j.queue_name::text AS queue_name, j.task_name::text AS task_name, j.priority, j.lock, j.queueing_lock, j.args::text AS args,
       CASE WHEN j.scheduled_at BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999999+00' THEN j.scheduled_at END AS scheduled_at,
       j.attempts, j.abort_requested, j.worker_id
  FROM procrastinate_jobs j
  LEFT JOIN procrastinate_workers w ON w.id = j.worker_id
 WHERE j.status = 'doing'
   AND now() <= timestamptz 'epoch' + :until_micros * interval '1 microsecond'
   AND j.id > :after_id
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
-- parameter: until_micros bigint
WITH seen AS MATERIALIZED (
    SELECT *
      FROM jsonb_to_recordset(:jobs)
           AS r(id bigint, attempts integer, worker_id bigint, retry boolean, retry_at timestamptz, delay_micros bigint, priority integer, queue_name text, lock text)
     WHERE now() <= timestamptz 'epoch' + :until_micros * interval '1 microsecond'
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
      FROM (SELECT * FROM seen ORDER BY id) s
     CROSS JOIN LATERAL (SELECT * FROM procrastinate_jobs t WHERE t.id = s.id OFFSET 0 FOR UPDATE SKIP LOCKED) j
     WHERE j.status = 'doing'
       AND j.attempts = s.attempts
       AND j.worker_id IS NOT DISTINCT FROM s.worker_id
       AND (j.worker_id IS NULL OR j.worker_id IN (SELECT d.id FROM dead d))
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
           attempts = LEAST(j.attempts, 2147483646) + 1,
           abort_requested = false,
           scheduled_at = CASE g.outcome WHEN 'todo' THEN g.retry_at ELSE j.scheduled_at END,
           priority = CASE g.outcome WHEN 'todo' THEN COALESCE(g.priority, j.priority) ELSE j.priority END,
           queue_name = CASE g.outcome WHEN 'todo' THEN COALESCE(g.queue_name, j.queue_name) ELSE j.queue_name END,
           lock = CASE g.outcome WHEN 'todo' THEN COALESCE(g.lock, j.lock) ELSE j.lock END
      FROM judged g
     WHERE j.id = g.id AND j.id = ANY (ARRAY(SELECT id FROM judged))
    RETURNING j.id, g.outcome
)
SELECT id, outcome AS status FROM stored

-- query: notify
-- parameter: channel text
SELECT pg_notify(:channel, '')::text AS sent

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
-- The function forgets older times when a newer one is deferred, and would let them through a second time. The check sees what
-- was there when the statement began; the function, which waits for others that defer the same time, may come to it when a newer
-- one is deferred too, and this one forgotten. Who deferred in between has deleted the newest time that was there, which else
-- the function did: then a text that is no number undoes the statement, to be tried again.
WITH newest AS MATERIALIZED (
    SELECT id, defer_timestamp
      FROM procrastinate_periodic_defers
     WHERE task_name = :task_name
       AND periodic_id = :periodic_id
       AND defer_timestamp IS NOT NULL
     ORDER BY defer_timestamp DESC
     LIMIT 1
), deferred AS MATERIALIZED (
    SELECT CASE
               WHEN NOT EXISTS (SELECT FROM newest WHERE defer_timestamp >= :timestamp)
               THEN procrastinate_defer_periodic_job_v2(
                   :queue_name, :lock, :queueing_lock, :task_name, :priority, :periodic_id, :timestamp, :args)
           END AS id
)
SELECT CASE
           WHEN before.deleted_by <> pg_current_xact_id_if_assigned()::xid
           THEN ('overtaken by transaction ' || before.deleted_by::text)::bigint
           ELSE d.id
       END AS id
  FROM deferred d
  LEFT JOIN LATERAL (
       SELECT p.xmax AS deleted_by
         FROM procrastinate_periodic_defers p
        WHERE p.id = (SELECT id FROM newest)
          AND d.id IS NOT NULL
       OFFSET 0) before ON true
