-- query: examine_server
SELECT 'PostgreSQL ' || current_setting('server_version') AS product,
       clock_timestamp() AS now,
       pg_is_in_recovery() AS standby

-- query: examine_stalled_jobs
-- parameter: seconds bigint
SELECT count(*) AS jobs
  FROM procrastinate_jobs j
  LEFT JOIN procrastinate_workers w ON w.id = j.worker_id
 WHERE j.status = 'doing'
   AND (w.id IS NULL OR w.last_heartbeat < now() - :seconds * interval '1 second')

-- query: examine_workers
-- parameter: seconds bigint
SELECT count(*) FILTER (WHERE last_heartbeat >= now() - :seconds * interval '1 second') AS alive,
       count(*) FILTER (WHERE last_heartbeat < now() - :seconds * interval '1 second') AS dead
  FROM procrastinate_workers

-- query: examine_dead_rows
SELECT COALESCE(sum(n_dead_tup), 0)::bigint AS dead,
       COALESCE(sum(n_live_tup), 0)::bigint AS live
  FROM pg_stat_user_tables
 WHERE relid IN (to_regclass('procrastinate_jobs'), to_regclass('procrastinate_events'),
                 to_regclass('procrastinate_java_event_log'))

-- query: examine_transactions
SELECT pid::bigint AS pid,
       COALESCE(state, 'unknown') AS state,
       COALESCE(application_name, '') AS application,
       extract(epoch FROM clock_timestamp() - xact_start)::bigint AS seconds
  FROM pg_stat_activity
 WHERE xact_start IS NOT NULL
   AND backend_xmin IS NOT NULL
   AND pid <> pg_backend_pid()
 ORDER BY xact_start
 LIMIT 1

-- query: examine_notifications
-- parameter: channel text
SELECT pg_notify(:channel, '')::text AS sent
