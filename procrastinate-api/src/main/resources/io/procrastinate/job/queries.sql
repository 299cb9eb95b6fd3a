-- How applications defer, read and manage jobs.

-- import: columns.sql

-- query: defer_job
-- parameter: args json
-- parameter: queue_name text
-- parameter: task_name text
-- parameter: priority integer
-- parameter: lock text
-- parameter: queueing_lock text
-- parameter: scheduled_at timestamptz
-- parameter: delay_micros bigint
WITH inserted AS (
    INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at)
    VALUES (:queue_name, :task_name, :priority, :lock, :queueing_lock, :args,
            COALESCE(:scheduled_at, statement_timestamp() + :delay_micros * interval '1 microsecond'))
-- include: unless_waiting

-- query: defer_job_with_headers
-- parameter: args json
-- parameter: queue_name text
-- parameter: task_name text
-- parameter: priority integer
-- parameter: lock text
-- parameter: queueing_lock text
-- parameter: scheduled_at timestamptz
-- parameter: delay_micros bigint
-- parameter: headers json
WITH inserted AS (
    INSERT INTO procrastinate_jobs
           (queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at, java_headers)
    VALUES (:queue_name, :task_name, :priority, :lock, :queueing_lock, :args,
            COALESCE(:scheduled_at, statement_timestamp() + :delay_micros * interval '1 microsecond'), :headers)
-- include: unless_waiting

-- part: unless_waiting
    ON CONFLICT (queueing_lock) WHERE status = 'todo' AND queueing_lock IS NOT NULL DO NOTHING
    RETURNING id
)
SELECT id, true AS inserted
  FROM inserted
UNION ALL
SELECT (SELECT j.id FROM procrastinate_jobs j WHERE j.queueing_lock = :queueing_lock AND j.status = 'todo'), false
 WHERE NOT EXISTS (SELECT FROM inserted)

-- query: has_headers
SELECT
-- include: headers_column
       AS present

-- query: waiting_job
-- parameter: queueing_lock text
-- For the rare conflict with a job that our statement does not see: it was inserted later, or no longer waits.
SELECT id FROM procrastinate_jobs WHERE queueing_lock = :queueing_lock AND status = 'todo'

-- part: insert_jobs
    INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at)
-- include: values_of_jobs
-- include: new_jobs

-- part: insert_jobs_with_headers
    INSERT INTO procrastinate_jobs
           (queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at, java_headers)
-- include: values_of_jobs
           , r.headers
-- include: new_jobs

-- part: values_of_jobs
    SELECT r.queue_name, r.task_name, COALESCE(r.priority, 0), r.lock, r.queueing_lock, COALESCE(r.args, '{}'),
           COALESCE(r.scheduled_at, statement_timestamp() + r.delay_micros * interval '1 microsecond')

-- part: new_jobs
      FROM ROWS FROM (jsonb_to_recordset(:jobs)
                      AS (queue_name text, task_name text, priority integer, lock text, queueing_lock text, args jsonb,
                          scheduled_at timestamptz, delay_micros bigint, headers jsonb))
           WITH ORDINALITY
           AS r(queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at, delay_micros, headers, ord)
     ORDER BY r.ord

-- query: defer_jobs
-- parameter: jobs json
WITH inserted AS (
-- include: insert_jobs
    RETURNING id
)
SELECT id FROM inserted ORDER BY id

-- query: defer_jobs_with_headers
-- parameter: jobs json
WITH inserted AS (
-- include: insert_jobs_with_headers
    RETURNING id
)
SELECT id FROM inserted ORDER BY id

-- query: lock_jobs
-- Fails outside a transaction; takes only the lock that the following insertion takes anyway.
LOCK TABLE procrastinate_jobs IN ROW EXCLUSIVE MODE

-- query: defer_free_jobs
-- parameter: jobs json
WITH inserted AS (
-- include: insert_jobs
        ON CONFLICT (queueing_lock) WHERE status = 'todo' AND queueing_lock IS NOT NULL DO NOTHING
    RETURNING id
)
SELECT id FROM inserted ORDER BY id

-- query: defer_free_jobs_with_headers
-- parameter: jobs json
WITH inserted AS (
-- include: insert_jobs_with_headers
        ON CONFLICT (queueing_lock) WHERE status = 'todo' AND queueing_lock IS NOT NULL DO NOTHING
    RETURNING id
)
SELECT id FROM inserted ORDER BY id

-- query: delete_jobs
-- parameter: ids bigint[]
DELETE FROM procrastinate_jobs WHERE id = ANY (:ids)

-- query: cancel_job
-- parameter: job_id bigint
-- parameter: abort boolean
-- parameter: delete_job boolean
SELECT procrastinate_cancel_job_v1(:job_id, :abort, :delete_job) AS id

-- query: job_status
-- parameter: job_id bigint
SELECT status::text AS status FROM procrastinate_jobs WHERE id = :job_id

-- query: forget_abort_of_failed_job
-- parameter: job_id bigint
UPDATE procrastinate_jobs
   SET abort_requested = false
 WHERE id = :job_id
   AND status = 'failed'
   AND abort_requested

-- query: retry_job
-- parameter: job_id bigint
-- parameter: retry_at timestamptz
-- parameter: delay_micros bigint
-- parameter: priority integer
-- parameter: queue_name text
-- parameter: lock text
SELECT procrastinate_retry_job_v2(:job_id,
                                  COALESCE(:retry_at, statement_timestamp() + :delay_micros * interval '1 microsecond'),
                                  :priority, :queue_name, :lock)::text AS done

-- part: listed_columns
SELECT
-- include: job_columns
     , j.status::text AS status, j.worker_id
-- include: outcome_columns

-- part: listed
       j.id > :after_id
   AND j.id BETWEEN COALESCE(:id, 1) AND COALESCE(:id, 9223372036854775807)
   AND (:queue_name IS NULL OR j.queue_name = :queue_name)
   AND (:task_name IS NULL OR j.task_name = :task_name)
   AND (:status IS NULL OR j.status = :status::procrastinate_job_status)
   AND (:lock IS NULL OR j.lock = :lock)
   AND (:queueing_lock IS NULL OR j.queueing_lock = :queueing_lock)
   AND (:worker_id IS NULL OR j.worker_id = :worker_id)
   AND (:stalled_micros IS NULL
        OR j.status = 'doing'
           AND NOT EXISTS (SELECT FROM procrastinate_workers w
                            WHERE w.id = j.worker_id
                              AND w.last_heartbeat >= now() - :stalled_micros * interval '1 microsecond'))
       -- and

-- query: list_jobs
-- parameter: after_id bigint
-- parameter: id bigint
-- parameter: queue_name text
-- parameter: task_name text
-- parameter: status text
-- parameter: lock text
-- parameter: queueing_lock text
-- parameter: worker_id bigint
-- parameter: stalled_micros bigint
-- parameter: limit integer
-- Walks over the table until there are enough.
-- include: listed_columns
  FROM procrastinate_jobs j
-- include: outcome_row
 WHERE
-- include: listed
 ORDER BY j.id
 LIMIT :limit

-- query: list_ended_jobs
-- parameter: after_id bigint
-- parameter: id bigint
-- parameter: queue_name text
-- parameter: task_name text
-- parameter: status text
-- parameter: lock text
-- parameter: queueing_lock text
-- parameter: worker_id bigint
-- parameter: stalled_micros bigint
-- parameter: limit integer
-- Of the jobs that ended otherwise than most do, however many succeeded.
-- include: listed_columns
  FROM procrastinate_jobs j
-- include: outcome_row
 WHERE
-- include: listed and: j.status IN ('failed', 'cancelled', 'aborted') AND j.status = :status::procrastinate_job_status
 ORDER BY j.id
 LIMIT :limit

-- query: list_running_jobs
-- parameter: after_id bigint
-- parameter: id bigint
-- parameter: queue_name text
-- parameter: task_name text
-- parameter: status text
-- parameter: lock text
-- parameter: queueing_lock text
-- parameter: worker_id bigint
-- parameter: stalled_micros bigint
-- parameter: limit integer
-- Ordered first as in their index, so that no plan prefers to read the whole table in the order of the ids.
-- include: listed_columns
  FROM (SELECT * FROM procrastinate_jobs WHERE status = 'doing' ORDER BY worker_id, id OFFSET 0) j
-- include: outcome_row
 WHERE
-- include: listed
 ORDER BY j.id
 LIMIT :limit

-- part: next_priority
             (SELECT j.priority
                FROM procrastinate_jobs j
               WHERE j.status = 'todo' AND j.priority < p.priority
                 -- and
               ORDER BY j.priority DESC
               LIMIT 1)

-- part: waiting_of_priority
           (SELECT *
              FROM procrastinate_jobs j
             WHERE j.status = 'todo' AND j.priority = ANY (ARRAY[p.priority])
               -- and
               AND
-- include: listed
             ORDER BY j.priority DESC, j.id
             LIMIT :limit)

-- query: list_waiting_jobs
-- parameter: after_id bigint
-- parameter: id bigint
-- parameter: queue_name text
-- parameter: task_name text
-- parameter: status text
-- parameter: lock text
-- parameter: queueing_lock text
-- parameter: worker_id bigint
-- parameter: stalled_micros bigint
-- parameter: limit integer
-- No index has all waiting jobs in the order of their ids, as each job would pay for it. But those with a lock, those
-- with a schedule and those with neither are indexed by priority and id: of each priority, as many as are asked for.
WITH RECURSIVE priorities(priority) AS (
    SELECT 2147483648
    UNION ALL
    SELECT (SELECT max(n.priority)::bigint
              FROM (
-- include: next_priority and: j.lock IS NULL AND j.scheduled_at IS NULL
             UNION ALL
-- include: next_priority and: j.lock IS NULL AND j.scheduled_at IS NOT NULL
             UNION ALL
-- include: next_priority and: j.lock >= ''
             ) n)
      FROM priorities p
     WHERE p.priority IS NOT NULL
)
-- include: listed_columns
  FROM priorities p
 CROSS JOIN LATERAL (
-- include: waiting_of_priority and: j.lock IS NULL AND j.scheduled_at IS NULL
           UNION ALL
-- include: waiting_of_priority and: j.lock IS NULL AND j.scheduled_at IS NOT NULL
           UNION ALL
-- include: waiting_of_priority and: j.lock >= ''
       ) j
-- include: outcome_row
 ORDER BY j.id
 LIMIT :limit

-- query: job_events
-- parameter: job_id bigint
SELECT type::text AS type, at
  FROM procrastinate_events
 WHERE job_id = :job_id
   AND type IS NOT NULL
   AND at BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999999+00'
 ORDER BY id

-- part: counted
SELECT name, status::text AS status, count(*) AS jobs
  FROM procrastinate_jobs
 CROSS JOIN LATERAL (
       SELECT CASE :by WHEN 'queue_name' THEN queue_name
                       WHEN 'task_name' THEN task_name
                       ELSE lock END AS name) AS counted
 WHERE name IS NOT NULL
   AND (:queue_name IS NULL OR queue_name = :queue_name)
   AND (:task_name IS NULL OR task_name = :task_name)
   AND (:status IS NULL OR status = :status::procrastinate_job_status)
   AND (:lock IS NULL OR lock = :lock)

-- part: grouped
 GROUP BY name, status
 ORDER BY name, status

-- query: count_jobs
-- parameter: by text
-- parameter: queue_name text
-- parameter: task_name text
-- parameter: status text
-- parameter: lock text
-- Reads the whole table.
-- include: counted
-- include: grouped

-- query: count_waiting_jobs
-- parameter: by text
-- parameter: queue_name text
-- parameter: task_name text
-- parameter: status text
-- parameter: lock text
-- The last condition is true for all of them, and leads to their indexes: with a lock, with a schedule, with neither.
-- include: counted
   AND status = 'todo'
   AND (lock >= '' OR scheduled_at IS NOT NULL OR lock IS NULL AND scheduled_at IS NULL)
-- include: grouped

-- query: count_running_jobs
-- parameter: by text
-- parameter: queue_name text
-- parameter: task_name text
-- parameter: status text
-- parameter: lock text
-- include: counted
   AND status = 'doing'
-- include: grouped

-- query: count_ended_jobs
-- parameter: by text
-- parameter: queue_name text
-- parameter: task_name text
-- parameter: status text
-- parameter: lock text
-- include: counted
   AND status IN ('failed', 'cancelled', 'aborted') AND status = :status::procrastinate_job_status
-- include: grouped

-- query: delete_job
-- parameter: job_id bigint
DELETE FROM procrastinate_jobs WHERE id = :job_id AND status <> 'doing' RETURNING id

-- query: delete_old_jobs
-- parameter: after_id bigint
-- parameter: limit integer
-- parameter: statuses text[]
-- parameter: queue_name text
-- parameter: seconds bigint
-- Ids are in the order of deferring, but for transactions at the same time, and no job ends before it is deferred. So
-- behind a job that was deferred less than the age ago none is old, or else the next removal finds it: last_id is null.
WITH chunk AS MATERIALIZED (
    SELECT id, status, queue_name FROM procrastinate_jobs WHERE id > :after_id ORDER BY id LIMIT :limit
), old AS MATERIALIZED (
    SELECT j.id
      FROM chunk c
      JOIN procrastinate_jobs j ON j.id = c.id
     WHERE j.status NOT IN ('todo', 'doing')
       AND j.status::text = ANY (:statuses)
       AND (:queue_name IS NULL OR c.queue_name = :queue_name)
       AND (SELECT max(e.at)
              FROM procrastinate_events e
             WHERE e.job_id = c.id AND e.at <= now()) < now() - :seconds * interval '1 second'
     ORDER BY j.id
       FOR UPDATE OF j SKIP LOCKED
), deleted AS (
    DELETE FROM procrastinate_jobs j USING old o WHERE j.id = o.id RETURNING j.id
)
SELECT (SELECT j.id
          FROM procrastinate_jobs j
         WHERE j.id = (SELECT max(id) FROM chunk)
           AND COALESCE((to_jsonb(j) ->> 'java_deferred_at')::timestamptz, '-infinity')
               < now() - :seconds * interval '1 second') AS last_id,
       (SELECT count(*) FROM deleted) AS deleted

-- query: finish_job
-- parameter: job_id bigint
-- parameter: status text
SELECT procrastinate_finish_job_v1(:job_id, :status::procrastinate_job_status, false)::text AS done
