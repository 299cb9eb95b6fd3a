-- Rescues the jobs of workers without a recent heartbeat, and deletes such workers. The sender knows that it missed no
-- heartbeat of its own until a time of the database's clock; after that time these statements find nothing.

-- import: /io/procrastinate/job/columns.sql
-- import: results.sql

-- query: stalled_jobs
-- parameter: seconds bigint
-- parameter: until_micros bigint
-- parameter: queues text[]
-- parameter: after_id bigint
-- parameter: limit integer
SELECT
-- include: job_columns
     , j.worker_id
-- include: no_outcome_columns
  FROM procrastinate_jobs j
  LEFT JOIN procrastinate_workers w ON w.id = j.worker_id
 WHERE j.status = 'doing'
   AND now() <= timestamptz 'epoch' + :until_micros * interval '1 microsecond'
   AND j.id > :after_id
   AND (:queues IS NULL OR j.queue_name = ANY (:queues))
   AND CASE WHEN w.id IS NULL
            THEN NOT EXISTS (SELECT
                               FROM procrastinate_events e
                              WHERE e.job_id = j.id AND e.type = 'started'
                                AND e.at > now() - :seconds * interval '1 second')
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
           AS r(id bigint, attempts integer, worker_id bigint, retry boolean, retry_at timestamptz,
                delay_micros bigint, priority integer, queue_name text, lock text)
     WHERE now() <= timestamptz 'epoch' + :until_micros * interval '1 microsecond'
), dead AS MATERIALIZED (
    SELECT w.id
      FROM procrastinate_workers w
     WHERE w.id IN (SELECT worker_id FROM seen)
       AND w.last_heartbeat < now() - :seconds * interval '1 second'
     ORDER BY w.id
       FOR NO KEY UPDATE SKIP LOCKED
), mine AS MATERIALIZED (
    SELECT j.id, CASE WHEN j.abort_requested OR s.retry IS NOT TRUE THEN 'failed' END AS ends_as, j.queueing_lock,
           COALESCE(s.retry_at, statement_timestamp() + s.delay_micros * interval '1 microsecond') AS retry_at,
           s.priority, s.queue_name, s.lock
      FROM (SELECT * FROM seen ORDER BY id) s
     CROSS JOIN LATERAL (
           SELECT * FROM procrastinate_jobs t WHERE t.id = s.id OFFSET 0 FOR UPDATE SKIP LOCKED) j
     WHERE j.status = 'doing'
       AND j.attempts = s.attempts
       AND j.worker_id IS NOT DISTINCT FROM s.worker_id
       AND (j.worker_id IS NULL OR j.worker_id IN (SELECT d.id FROM dead d))
),
-- include: decision
stored AS (
    UPDATE procrastinate_jobs j
-- include: retried_columns
           attempts = LEAST(j.attempts, :attempts) + 1,
           abort_requested = false
-- include: decided_jobs
    RETURNING j.id, g.outcome
)
SELECT id, outcome AS status FROM stored

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
