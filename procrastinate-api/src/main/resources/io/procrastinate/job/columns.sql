-- What every query of jobs has in common, whichever package it is of.

-- part: job_columns
       j.id, j.queue_name::text AS queue_name, j.task_name::text AS task_name, j.priority, j.lock, j.queueing_lock,
       j.args::text AS args, j.attempts, j.abort_requested,
       CASE WHEN j.scheduled_at BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999999+00'
            THEN j.scheduled_at END AS scheduled_at
