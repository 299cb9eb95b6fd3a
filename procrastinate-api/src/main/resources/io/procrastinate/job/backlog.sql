-- What there is to do in the whole database, and who does it.

-- query: backlog
-- Reads what waits, runs or failed, by their indexes, and nothing that succeeded. A job with a lock that another one
-- has, or waits for before it, cannot run.
WITH busy AS MATERIALIZED (
    SELECT lock
      FROM procrastinate_jobs
     WHERE status = 'doing' AND lock IS NOT NULL
), waiting AS (
    SELECT queue_name, id, scheduled_at,
           row_number() OVER (PARTITION BY lock ORDER BY priority DESC, id) > 1
           OR lock IN (SELECT lock FROM busy) AS blocked
      FROM procrastinate_jobs
     WHERE status = 'todo' AND lock IS NOT NULL
     UNION ALL
    SELECT queue_name, id, scheduled_at, false
      FROM procrastinate_jobs
     WHERE status = 'todo' AND lock IS NULL AND scheduled_at IS NULL
     UNION ALL
    SELECT queue_name, id, scheduled_at, false
      FROM procrastinate_jobs
     WHERE status = 'todo' AND lock IS NULL AND scheduled_at IS NOT NULL
), states AS (
    SELECT queue_name, id, scheduled_at,
           CASE WHEN scheduled_at > now() THEN 'scheduled' WHEN blocked THEN 'locked' ELSE 'due' END AS state
      FROM waiting
     UNION ALL
    SELECT queue_name, id, scheduled_at, 'doing'
      FROM procrastinate_jobs
     WHERE status = 'doing'
     UNION ALL
    SELECT queue_name, id, scheduled_at, 'failed'
      FROM procrastinate_jobs
     WHERE status IN ('failed', 'cancelled', 'aborted') AND status = 'failed'
), queues AS (
    SELECT queue_name,
           count(*) FILTER (WHERE state = 'due') AS due,
           count(*) FILTER (WHERE state = 'scheduled') AS scheduled,
           count(*) FILTER (WHERE state = 'locked') AS locked,
           count(*) FILTER (WHERE state = 'doing') AS doing,
           count(*) FILTER (WHERE state = 'failed') AS failed,
           min(scheduled_at) FILTER (WHERE state = 'due' AND scheduled_at > '0001-01-01 00:00:00+00') AS first_time,
           min(id) FILTER (WHERE state = 'due' AND scheduled_at IS NULL) AS first_id
      FROM states
     GROUP BY queue_name
)
SELECT q.queue_name::text AS queue_name, q.due, q.scheduled, q.locked, q.doing, q.failed,
       (extract(epoch FROM now() - LEAST(
           q.first_time,
           -- When the first one without a schedule was deferred: on either layout.
           COALESCE(
               (SELECT (to_jsonb(j) ->> 'java_deferred_at')::timestamptz
                  FROM procrastinate_jobs j
                 WHERE j.id = q.first_id),
               (SELECT e.at
                  FROM procrastinate_events e
                 WHERE e.job_id = q.first_id AND e.type = 'deferred'
                 ORDER BY e.id
                 LIMIT 1)))) * 1000000)::bigint AS oldest_micros
  FROM queues q
 ORDER BY q.queue_name

-- query: registered_workers
SELECT w.id, w.last_heartbeat,
       (extract(epoch FROM now() - w.last_heartbeat) * 1000000)::bigint AS silent_micros,
       (SELECT count(*)
          FROM procrastinate_jobs j
         WHERE j.status = 'doing' AND j.worker_id = w.id) AS running
  FROM procrastinate_workers w
 ORDER BY w.id
