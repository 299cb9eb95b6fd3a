-- What all queries of jobs have in common, in whichever package.

-- part: job_columns
       j.id, j.queue_name::text AS queue_name, j.task_name::text AS task_name, j.priority, j.lock, j.queueing_lock,
       j.args::text AS args, j.attempts, j.abort_requested,
       CASE WHEN j.scheduled_at BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999999+00'
            THEN j.scheduled_at END AS scheduled_at

-- part: headers_column
-- Whether the table has it: the original's has not.
       EXISTS (SELECT
                 FROM pg_catalog.pg_attribute
                WHERE attrelid = to_regclass('procrastinate_jobs')
                  AND attname = 'java_headers'
                  AND NOT attisdropped)

-- part: outcome_columns
-- Works on both layouts: columns that the table lacks are null.
     , (outcome.columns ->> 'java_deferred_at')::timestamptz AS deferred_at,
       (outcome.columns ->> 'java_started_at')::timestamptz AS started_at,
       (outcome.columns ->> 'java_ended_at')::timestamptz AS ended_at,
       outcome.columns ->> 'java_error' AS error,
       NULLIF((outcome.columns -> 'java_result')::text, 'null') AS result,
       NULLIF((outcome.columns -> 'java_headers')::text, 'null') AS headers

-- part: outcome_row
 CROSS JOIN LATERAL (SELECT to_jsonb(j) - 'args' AS columns OFFSET 0) outcome

-- part: no_outcome_columns
     , NULL::timestamptz AS deferred_at, NULL::timestamptz AS started_at, NULL::timestamptz AS ended_at,
       NULL::text AS error, NULL::text AS result, NULL::text AS headers
