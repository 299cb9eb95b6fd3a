-- Which waiting jobs a worker takes next.

-- import: /io/procrastinate/job/columns.sql

-- If more jobs than this are due at once, they are not sorted: one walk by rank finds enough of them.
-- bound: flood 5000
-- How many of the best ranked jobs with a lock a fetch looks at, before it looks at locks one by one.
-- bound: near 500
-- How many locks it looks at one by one; if there are more, it walks by rank.
-- bound: far 1000
-- How many times the limit a walk by rank takes, as other workers may take some of these jobs meanwhile.
-- bound: ahead 4
-- How many waiting jobs to search for the next schedule if no index leads to it.
-- bound: unsorted 10000

-- query: is_optimized
-- parameter: indexes text[]
-- Whether the database has our layout with its indexes, which the fetches below walk; one that was not built completely
-- does not count.
SELECT count(*) = cardinality(:indexes)
           AND bool_and(to_regclass('procrastinate_java_event_log') IS NOT NULL)
           AND
-- include: headers_column
       AS present
  FROM unnest(:indexes) AS n(name)
  JOIN pg_index i ON i.indexrelid = to_regclass(n.name)
 WHERE i.indisvalid
   AND i.indrelid = to_regclass('procrastinate_jobs')

-- part: queues_with_schedules
-- One probe for each, because PostgreSQL does not skip from value to value by itself.
queues(name) AS (
    (SELECT queue_name
       FROM procrastinate_jobs
      WHERE status = 'todo' AND scheduled_at IS NOT NULL
      ORDER BY queue_name
      LIMIT 1)
    UNION ALL
    SELECT (SELECT j.queue_name
              FROM procrastinate_jobs j
             WHERE j.status = 'todo' AND j.scheduled_at IS NOT NULL AND j.queue_name > q.name
             ORDER BY j.queue_name
             LIMIT 1)
      FROM queues q
     WHERE q.name IS NOT NULL
),

-- part: queues_asked_for
queues AS MATERIALIZED (
    SELECT DISTINCT unnest(:queues) AS name
),

-- part: flood
flood AS MATERIALIZED (
    SELECT count(*) > :flood AS yes
      FROM (SELECT
              FROM queues q
             CROSS JOIN LATERAL (
                   SELECT
                     FROM procrastinate_jobs j
                    WHERE j.status = 'todo' AND j.queue_name = q.name AND j.scheduled_at <= now()
                    LIMIT :flood + 1) d
             LIMIT :flood + 1) c
),

-- part: free_of_all
    SELECT j.id, j.priority
      FROM procrastinate_jobs j
     WHERE j.status = 'todo' AND j.lock IS NULL AND j.scheduled_at IS NULL
       -- and
     ORDER BY j.priority DESC, j.id
     LIMIT :limit
       FOR UPDATE SKIP LOCKED

-- part: free_of_queues
    SELECT w.id, w.priority
      FROM queues q
     CROSS JOIN LATERAL (
           SELECT j.id, j.priority
             FROM procrastinate_jobs j
            WHERE j.status = 'todo' AND j.lock IS NULL AND j.scheduled_at IS NULL
              AND j.queue_name = ANY (ARRAY[q.name])
            ORDER BY j.queue_name, j.priority DESC, j.id
            LIMIT :limit
              FOR UPDATE SKIP LOCKED) w
     -- where

-- part: due
due_ids AS MATERIALIZED (
    SELECT d.id, d.priority
      FROM queues q
     CROSS JOIN LATERAL (
           SELECT j.id, j.priority
             FROM procrastinate_jobs j
            WHERE j.status = 'todo' AND j.queue_name = q.name AND j.scheduled_at <= now() AND j.lock IS NULL
           OFFSET 0) d
     WHERE NOT (SELECT yes FROM flood)
), due AS MATERIALIZED (
    SELECT l.id, l.priority
      FROM (SELECT id FROM due_ids ORDER BY priority DESC, id) d
     CROSS JOIN LATERAL (SELECT * FROM procrastinate_jobs j WHERE j.id = d.id OFFSET 0 FOR UPDATE SKIP LOCKED) l
     WHERE l.status = 'todo' AND l.scheduled_at <= now() AND l.lock IS NULL
     LIMIT :limit
),

-- part: flooded
flooded AS MATERIALIZED (
    SELECT j.id, j.priority
      FROM procrastinate_jobs j
     WHERE j.status = 'todo' AND j.lock IS NULL AND j.scheduled_at <= now()
       -- and
       AND (SELECT yes FROM flood)
     ORDER BY j.priority DESC, j.id
     LIMIT :limit
       FOR UPDATE SKIP LOCKED
),

-- part: near_heads
near_heads AS MATERIALIZED (
    SELECT h.id, h.priority
      FROM (SELECT DISTINCT lock FROM near) n
     CROSS JOIN LATERAL (
           SELECT j.id, j.priority, j.scheduled_at, j.queue_name
             FROM procrastinate_jobs j
            WHERE j.status = 'todo' AND j.lock = n.lock
            ORDER BY j.priority DESC, j.id
            LIMIT 1) h
     WHERE (h.scheduled_at IS NULL OR h.scheduled_at <= now())
       -- and
       AND (SELECT r.id
              FROM procrastinate_jobs r
             WHERE r.status = 'doing' AND r.lock = ANY (ARRAY[n.lock])
             ORDER BY r.lock
             LIMIT 1) IS NULL
),

-- part: far_heads
short AS MATERIALIZED (
    SELECT (SELECT count(*) FROM near) = :near AND (SELECT count(*) FROM near_heads) < :limit AS yes
), heads(lock, id, priority, scheduled_at, queue_name, n) AS (
    (SELECT j.lock, j.id, j.priority, j.scheduled_at, j.queue_name, 1
       FROM procrastinate_jobs j
      WHERE j.status = 'todo' AND j.lock IS NOT NULL
        AND (SELECT yes FROM short)
      ORDER BY j.lock, j.priority DESC, j.id
      LIMIT 1)
    UNION ALL
    SELECT x.lock, x.id, x.priority, x.scheduled_at, x.queue_name, h.n + 1
      FROM heads h
     CROSS JOIN LATERAL (
           SELECT j.lock, j.id, j.priority, j.scheduled_at, j.queue_name
             FROM procrastinate_jobs j
            WHERE j.status = 'todo' AND j.lock > h.lock
            ORDER BY j.lock, j.priority DESC, j.id
            LIMIT 1) x
     WHERE h.n <= :far
), many AS MATERIALIZED (
    SELECT count(*) > :far AS yes FROM heads
), far_heads AS MATERIALIZED (
    SELECT h.id, h.priority
      FROM heads h
     WHERE NOT (SELECT yes FROM many)
       -- and
       AND (h.scheduled_at IS NULL OR h.scheduled_at <= now())
       AND (SELECT r.id
              FROM procrastinate_jobs r
             WHERE r.status = 'doing' AND r.lock = ANY (ARRAY[h.lock])
             ORDER BY r.lock
             LIMIT 1) IS NULL
),

-- part: can_run
       AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())
       AND j.lock NOT IN (SELECT r.lock FROM procrastinate_jobs r WHERE r.status = 'doing' AND r.lock IS NOT NULL)
       AND j.id = (SELECT h.id
                     FROM procrastinate_jobs h
                    WHERE h.status = 'todo' AND h.lock = j.lock
                    ORDER BY h.priority DESC, h.id
                    LIMIT 1)

-- part: pick
locked AS MATERIALIZED (
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
      FROM (SELECT * FROM free
            UNION ALL SELECT * FROM due
            UNION ALL SELECT * FROM flooded
            UNION ALL SELECT * FROM locked) c
     ORDER BY priority DESC, id
     LIMIT :limit
),

-- part: start
-- include: started
SELECT
-- include: job_columns
     , j.java_deferred_at AS deferred_at, j.java_started_at AS started_at, NULL::timestamptz AS ended_at,
       j.java_error AS error, NULL::text AS result, j.java_headers::text AS headers
  FROM started j
 ORDER BY priority DESC, id

-- part: started
started AS (
    UPDATE procrastinate_jobs j
       SET status = 'doing',
           worker_id = (SELECT procrastinate_java_worker(:worker_id)),
           java_started_at = now(),
           java_ended_at = NULL,
           java_logged = LEAST(j.java_logged, 1)
     WHERE j.id = ANY (ARRAY(SELECT p.id FROM picked p))
    RETURNING j.*
)

-- part: and_no_schedule_due
       AND NOT EXISTS (SELECT
                         FROM queues q
                        CROSS JOIN LATERAL (
                              SELECT
                                FROM procrastinate_jobs j
                               WHERE j.status = 'todo' AND j.queue_name = q.name AND j.scheduled_at <= now()
                               LIMIT 1) d)

-- part: start_free
-- include: started
SELECT
-- include: job_columns
     , j.java_deferred_at AS deferred_at, j.java_started_at AS started_at, NULL::timestamptz AS ended_at,
       j.java_error AS error, NULL::text AS result, j.java_headers::text AS headers, all_free.yes AS all_free
  FROM all_free
  LEFT JOIN started j ON true
 ORDER BY priority DESC, id

-- part: time_left
       ceil(extract(epoch FROM min(d.scheduled_at) - clock_timestamp()) * 1000)::bigint AS millis,
       (extract(epoch FROM now()) * 1000000)::bigint AS asked_at

-- part: walks_of_all
-- Walks that each stop early, whatever other jobs wait: free (no lock, no schedule), due (schedule reached; by rank
-- instead if very many jobs are due), near (the best ranked jobs with a lock), and, if those do not suffice, a scan
-- over the locks: one by one up to a bound, else by rank. Rows are found by probes of their id: a join that was planned
-- while the table was empty would always read the whole table.
WITH RECURSIVE
-- include: queues_with_schedules
-- include: flood
free AS MATERIALIZED (
-- include: free_of_all
),
-- include: due
-- include: flooded
near AS MATERIALIZED (
    SELECT j.id, j.priority, j.lock, j.scheduled_at
      FROM procrastinate_jobs j
     WHERE j.status = 'todo' AND j.lock >= ''
     ORDER BY j.priority DESC, j.id
     LIMIT :near
),
-- include: near_heads
-- include: far_heads
walk_heads AS MATERIALIZED (
    SELECT j.id, j.priority
      FROM procrastinate_jobs j
     WHERE (SELECT yes FROM many)
       AND j.status = 'todo' AND j.lock >= ''
-- include: can_run
     ORDER BY j.priority DESC, j.id
     LIMIT :ahead * :limit
),
-- include: pick

-- query: fetch_jobs_all
-- parameter: limit integer
-- parameter: worker_id bigint
-- include: walks_of_all
-- include: start

-- part: walks_of_queues
-- As the walks of all, once for each queue. The condition on the queue is a list of one, and the order begins with the
-- queue: if nearly all jobs are of one queue, the planner would otherwise search for another queue in the index that is
-- not by queue, and read all of it.
WITH RECURSIVE
-- include: queues_asked_for
-- include: flood
free AS MATERIALIZED (
-- include: free_of_queues
),
-- include: due
-- include: flooded and: j.queue_name = ANY (:queues)
near AS MATERIALIZED (
    SELECT w.id, w.priority, w.lock, w.scheduled_at
      FROM queues q
     CROSS JOIN LATERAL (
           SELECT j.id, j.priority, j.lock, j.scheduled_at
             FROM procrastinate_jobs j
            WHERE j.status = 'todo' AND j.lock >= '' AND j.queue_name = ANY (ARRAY[q.name])
            ORDER BY j.queue_name, j.priority DESC, j.id
            LIMIT :near) w
     ORDER BY w.priority DESC, w.id
     LIMIT :near
),
-- include: near_heads and: h.queue_name = ANY (:queues)
-- include: far_heads and: h.queue_name = ANY (:queues)
walk_heads AS MATERIALIZED (
    SELECT w.id, w.priority
      FROM queues q
     CROSS JOIN LATERAL (
           SELECT j.id, j.priority
             FROM procrastinate_jobs j
            WHERE j.status = 'todo' AND j.lock >= '' AND j.queue_name = ANY (ARRAY[q.name])
-- include: can_run
            ORDER BY j.queue_name, j.priority DESC, j.id
            LIMIT :ahead * :limit) w
     WHERE (SELECT yes FROM many)
),
-- include: pick

-- query: fetch_jobs_queues
-- parameter: queues text[]
-- parameter: limit integer
-- parameter: worker_id bigint
-- include: walks_of_queues
-- include: start

-- part: free_jobs_of_all
-- What fetch_jobs_all takes if no job with a lock waits and no schedule is due, in a small statement, whose plan costs
-- little to start and end. Otherwise it takes nothing. all_free says which it was; if no job was taken, in a row
-- without one.
WITH RECURSIVE
-- include: queues_with_schedules
all_free AS MATERIALIZED (
    SELECT NOT EXISTS (SELECT FROM procrastinate_jobs j WHERE j.status = 'todo' AND j.lock >= '')
-- include: and_no_schedule_due
       -- and
       AS yes
), picked AS MATERIALIZED (
-- include: free_of_all and: (SELECT yes FROM all_free)
),
-- include: start_free

-- query: fetch_free_jobs_all
-- parameter: limit integer
-- parameter: worker_id bigint
-- include: free_jobs_of_all

-- query: fetch_free_jobs_all_unflushed
-- parameter: limit integer
-- parameter: worker_id bigint
-- The statement is its own transaction, whose commit comes after it: what it sets holds for that, and no longer.
-- include: free_jobs_of_all and: set_config('synchronous_commit', 'off', true) = 'off'

-- part: free_jobs_of_queues
-- As the free jobs of all, for those of these queues.
WITH
-- include: queues_asked_for
all_free AS MATERIALIZED (
    SELECT NOT EXISTS (SELECT
                         FROM queues q
                        CROSS JOIN LATERAL (
                              SELECT
                                FROM procrastinate_jobs j
                               WHERE j.status = 'todo' AND j.lock >= '' AND j.queue_name = ANY (ARRAY[q.name])
                               LIMIT 1) l)
-- include: and_no_schedule_due
       -- and
       AS yes
), free AS MATERIALIZED (
-- include: free_of_queues where: (SELECT yes FROM all_free)
), picked AS MATERIALIZED (
    SELECT id FROM free ORDER BY priority DESC, id LIMIT :limit
),
-- include: start_free

-- query: fetch_free_jobs_queues
-- parameter: queues text[]
-- parameter: limit integer
-- parameter: worker_id bigint
-- include: free_jobs_of_queues

-- query: fetch_free_jobs_queues_unflushed
-- parameter: queues text[]
-- parameter: limit integer
-- parameter: worker_id bigint
-- include: free_jobs_of_queues and: set_config('synchronous_commit', 'off', true) = 'off'

-- query: fetch_jobs_plain
-- parameter: queues text[]
-- parameter: limit integer
-- parameter: worker_id bigint
-- For a database with the original's tables; it is correct on all others.
WITH picked AS MATERIALIZED (
    SELECT j.id
      FROM procrastinate_jobs j
     WHERE j.status = 'todo'
       AND (:queues IS NULL OR j.queue_name = ANY (:queues))
       AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())
       AND (j.lock IS NULL
            OR NOT EXISTS (SELECT FROM procrastinate_jobs r WHERE r.status = 'doing' AND r.lock = j.lock)
               AND j.id = (SELECT h.id
                             FROM procrastinate_jobs h
                            WHERE h.status = 'todo' AND h.lock = j.lock AND h.priority >= j.priority
                            ORDER BY h.priority DESC, h.id
                            LIMIT 1))
     ORDER BY j.priority DESC, j.id
     LIMIT :limit
       FOR UPDATE SKIP LOCKED
), started AS (
    UPDATE procrastinate_jobs j
       SET status = 'doing', worker_id = :worker_id
     WHERE j.id = ANY (ARRAY(SELECT p.id FROM picked p))
    RETURNING j.*
)
SELECT
-- include: job_columns
-- include: no_outcome_columns
  FROM started j
 ORDER BY priority DESC, id

-- query: next_due
-- parameter: queues text[]
-- parameter: after_micros bigint
-- With our layout. Rounded up, so that a poll after this time finds the job.
WITH RECURSIVE
-- include: queues_with_schedules
asked(name) AS (
    SELECT name::text FROM queues WHERE :queues IS NULL UNION ALL SELECT DISTINCT unnest(:queues)
)
SELECT
-- include: time_left
  FROM asked q
 CROSS JOIN LATERAL (
       SELECT j.scheduled_at
         FROM procrastinate_jobs j
        WHERE j.status = 'todo' AND j.queue_name = q.name
          AND j.scheduled_at > timestamptz 'epoch' + :after_micros * interval '1 microsecond'
          AND j.scheduled_at < 'infinity'
        ORDER BY j.scheduled_at
        LIMIT 1) d

-- query: next_due_plain
-- parameter: queues text[]
-- parameter: after_micros bigint
-- Without our layout it looks only at the best ranked waiting jobs: polling finds the others.
SELECT
-- include: time_left
  FROM (SELECT j.scheduled_at, j.queue_name
          FROM procrastinate_jobs j
         WHERE j.status = 'todo'
         ORDER BY j.priority DESC, j.id
         LIMIT :unsorted) d
 WHERE d.scheduled_at > timestamptz 'epoch' + :after_micros * interval '1 microsecond'
   AND d.scheduled_at < 'infinity'
   AND (:queues IS NULL OR d.queue_name = ANY (:queues))
