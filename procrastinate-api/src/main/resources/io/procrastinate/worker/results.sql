-- How runs end. The job's id and its attempts identify a run: nothing is stored if the job no longer belongs to this
-- worker.

-- One more attempt than this many is still an integer.
-- bound: attempts 2147483646

-- part: still_ours
     CROSS JOIN LATERAL (SELECT * FROM procrastinate_jobs t WHERE t.id = r.id OFFSET 0 FOR UPDATE) j
     WHERE j.status = 'doing'
       AND j.attempts = r.attempts
       AND (j.worker_id = r.worker_id OR j.worker_id IS NULL)

-- part: decision
-- A job cannot wait again while another one waits with its queueing lock.
decided AS MATERIALIZED (
    SELECT m.*,
           CASE WHEN m.ends_as IS NOT NULL THEN m.ends_as
                WHEN m.queueing_lock IS NOT NULL
                     AND (row_number() OVER (PARTITION BY m.queueing_lock, m.ends_as IS NOT NULL ORDER BY m.id) > 1
                          OR EXISTS (SELECT
                                       FROM procrastinate_jobs o
                                      WHERE o.status = 'todo' AND o.queueing_lock = m.queueing_lock)) THEN 'conflict'
                ELSE 'todo' END AS outcome
      FROM mine m
),

-- part: retried_columns
       SET status = (CASE g.outcome WHEN 'todo' THEN 'todo' ELSE 'failed' END)::procrastinate_job_status,
           scheduled_at = CASE g.outcome WHEN 'todo' THEN g.retry_at ELSE j.scheduled_at END,
           priority = CASE g.outcome WHEN 'todo' THEN COALESCE(g.priority, j.priority) ELSE j.priority END,
           queue_name = CASE g.outcome WHEN 'todo' THEN COALESCE(g.queue_name, j.queue_name) ELSE j.queue_name END,
           lock = CASE g.outcome WHEN 'todo' THEN COALESCE(g.lock, j.lock) ELSE j.lock END,

-- part: decided_jobs
      FROM decided g
     WHERE j.id = g.id AND j.id = ANY (ARRAY(SELECT id FROM decided))

-- part: ended_runs
WITH mine AS MATERIALIZED (
    SELECT j.id, r.status, r.delete, r.error, r.result
      FROM (SELECT *
              FROM jsonb_to_recordset(:results)
                   AS r(id bigint, attempts integer, worker_id bigint, status text, delete boolean, error text,
                        result jsonb)
             ORDER BY id) r
-- include: still_ours
       AND r.status IN ('succeeded', 'failed', 'aborted')
), deleted AS (
    DELETE FROM procrastinate_jobs j
     WHERE j.id = ANY (ARRAY(SELECT m.id FROM mine m WHERE m.delete))
    RETURNING j.id
),

-- part: ended_columns
       SET status = (CASE WHEN j.id IN (SELECT m.id FROM mine m WHERE m.status = 'succeeded') THEN 'succeeded'
                          WHEN j.id IN (SELECT m.id FROM mine m WHERE m.status = 'failed') THEN 'failed'
                          ELSE 'aborted' END)::procrastinate_job_status,
           attempts = LEAST(j.attempts, :attempts) + 1,
           abort_requested = false

-- query: finish_jobs
-- parameter: results json
-- Most runs have neither an error nor a result to store: their rows need no join.
-- include: ended_runs
stored AS (
    UPDATE procrastinate_jobs j
-- include: ended_columns
           , java_ended_at = now(), java_logged = LEAST(j.java_logged, 2), java_error = NULL, java_result = NULL
     WHERE j.id = ANY (ARRAY(SELECT m.id
                               FROM mine m
                              WHERE m.delete IS NOT TRUE AND m.error IS NULL AND m.result IS NULL))
    RETURNING j.id
), stored_with_details AS (
    UPDATE procrastinate_jobs j
-- include: ended_columns
           , java_ended_at = now(), java_logged = LEAST(j.java_logged, 2), java_error = w.error, java_result = w.result
      FROM mine w
     WHERE w.id = j.id
       AND j.id = ANY (ARRAY(SELECT m.id
                               FROM mine m
                              WHERE m.delete IS NOT TRUE AND (m.error IS NOT NULL OR m.result IS NOT NULL)))
    RETURNING j.id
)
SELECT id FROM stored UNION ALL SELECT id FROM stored_with_details UNION ALL SELECT id FROM deleted

-- query: finish_jobs_plain
-- parameter: results json
-- For a database with the original's tables.
-- include: ended_runs
stored AS (
    UPDATE procrastinate_jobs j
-- include: ended_columns
     WHERE j.id = ANY (ARRAY(SELECT m.id FROM mine m WHERE m.delete IS NOT TRUE))
    RETURNING j.id
)
SELECT id FROM stored UNION ALL SELECT id FROM deleted

-- part: retried_runs
WITH mine AS MATERIALIZED (
    SELECT j.id, CASE WHEN j.abort_requested THEN 'failed' END AS ends_as, j.queueing_lock,
           COALESCE(r.retry_at, statement_timestamp() + r.delay_micros * interval '1 microsecond') AS retry_at,
           r.priority, r.queue_name, r.lock, r.error
      FROM (SELECT *
              FROM jsonb_to_recordset(:retries)
                   AS r(id bigint, attempts integer, worker_id bigint, retry_at timestamptz, delay_micros bigint,
                        priority integer, queue_name text, lock text, error text)
             ORDER BY id) r
-- include: still_ours
),
-- include: decision
stored AS (
    UPDATE procrastinate_jobs j
-- include: retried_columns
           attempts = CASE g.outcome WHEN 'failed' THEN j.attempts ELSE LEAST(j.attempts, :attempts) + 1 END

-- part: retried_outcomes
-- include: decided_jobs
    RETURNING j.id, g.outcome
)
SELECT id, outcome AS status FROM stored

-- query: retry_jobs
-- parameter: retries json
-- include: retried_runs
           , java_error = g.error, java_result = NULL
-- include: retried_outcomes

-- query: retry_jobs_plain
-- parameter: retries json
-- For a database with the original's tables.
-- include: retried_runs
-- include: retried_outcomes

-- query: give_back
-- parameter: jobs json
WITH mine AS MATERIALIZED (
    SELECT j.id, CASE WHEN j.abort_requested THEN 'aborted' END AS ends_as, j.queueing_lock
      FROM (SELECT *
              FROM jsonb_to_recordset(:jobs) AS r(id bigint, attempts integer, worker_id bigint)
             ORDER BY id) r
-- include: still_ours
),
-- include: decision
stored AS (
    UPDATE procrastinate_jobs j
       SET status = (CASE g.outcome WHEN 'conflict' THEN 'failed' ELSE g.outcome END)::procrastinate_job_status,
           attempts = CASE g.outcome WHEN 'todo' THEN j.attempts ELSE LEAST(j.attempts, :attempts) + 1 END,
           abort_requested = false,
           worker_id = CASE g.outcome WHEN 'todo' THEN NULL ELSE j.worker_id END
-- include: decided_jobs
    RETURNING j.id, g.outcome, j.queue_name
), notified AS MATERIALIZED (
    SELECT count(*) AS n
      FROM stored s
     CROSS JOIN LATERAL json_build_object('type', 'job_inserted', 'job_id', s.id) AS payload
     CROSS JOIN LATERAL pg_notify('procrastinate_queue_v1#' || s.queue_name, payload::text) AS a
     CROSS JOIN LATERAL pg_notify('procrastinate_any_queue_v1', payload::text) AS b
     WHERE s.outcome = 'todo'
)
SELECT s.id, s.outcome AS status FROM stored s CROSS JOIN notified
