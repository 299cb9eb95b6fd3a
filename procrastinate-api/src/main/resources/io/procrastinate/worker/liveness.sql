-- A worker's heartbeat, and which jobs are still its own.

-- query: register_worker
SELECT worker_id AS id FROM procrastinate_register_worker_v1()

-- query: heartbeat
-- parameter: worker_id bigint
UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id = :worker_id
RETURNING (extract(epoch FROM last_heartbeat) * 1000000)::bigint AS beat_micros

-- query: unregister_worker
-- parameter: worker_id bigint
DELETE FROM procrastinate_workers WHERE id = :worker_id RETURNING id

-- query: reclaim
-- parameter: jobs json
-- parameter: old_worker_id bigint
-- parameter: worker_id bigint
WITH mine AS MATERIALIZED (
    SELECT j.id
      FROM (SELECT *
              FROM jsonb_to_recordset(:jobs) AS r(id bigint, attempts integer)
             ORDER BY id) r
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
-- What this worker runs according to the database; a run that is missing was taken away.
SELECT id, attempts, abort_requested
  FROM procrastinate_jobs
 WHERE worker_id = :worker_id
   AND status = 'doing'

-- query: job_states
-- parameter: ids bigint[]
SELECT id, status::text AS status, attempts, worker_id
  FROM procrastinate_jobs
 WHERE id = ANY (:ids)

-- query: notify
-- parameter: channel text
SELECT pg_notify(:channel, '')::text AS sent

-- query: now
SELECT clock_timestamp() AS now
