-- import: /io/procrastinate/job/columns.sql

-- Bytes of the table of jobs from which on somebody wants to know how far its change has come.
-- bound: large 67108864

-- query: schema_state
-- There is no table of versions: a level is recognised by what it added to the schema that contains procrastinate_jobs.
WITH home AS (
    SELECT relnamespace AS id
      FROM pg_catalog.pg_class
     WHERE oid = to_regclass('procrastinate_jobs')
), functions AS (
    SELECT p.proname::text AS name, p.prosrc AS source
      FROM pg_catalog.pg_proc p
      JOIN home ON home.id = p.pronamespace
     WHERE p.proname LIKE 'procrastinate\_%'
), levels (number, name) AS (
    VALUES (-1, 'BEFORE_V3_0'), (0, 'V3_0'), (1, 'V3_1'), (2, 'V3_2'), (3, 'V3_3'), (4, 'V3_4')
), brought (level) AS (
    SELECT CASE
               WHEN EXISTS (SELECT FROM functions WHERE name = 'procrastinate_retry_job_v2') THEN 4
               WHEN EXISTS (SELECT
                              FROM functions
                             WHERE name = 'procrastinate_fetch_job_v2'
                               AND source ~ 'priority\s*>|procrastinate_java_worker') THEN 3
               WHEN EXISTS (SELECT FROM functions WHERE name = 'procrastinate_defer_jobs_v1') THEN 2
               WHEN EXISTS (SELECT FROM functions WHERE name = 'procrastinate_fetch_job_v2') THEN 1
               WHEN EXISTS (SELECT FROM functions WHERE name = 'procrastinate_fetch_job_v1') THEN 0
               ELSE -1
           END
), parts (since, kind, name) AS (
    VALUES (0, 'table', 'procrastinate_jobs'),
           (0, 'table', 'procrastinate_events'),
           (0, 'table', 'procrastinate_periodic_defers'),
           (1, 'table', 'procrastinate_workers'),
           (0, 'function', 'procrastinate_finish_job_v1'),
           (0, 'function', 'procrastinate_cancel_job_v1'),
           (0, 'function', 'procrastinate_retry_job_v1'),
           (0, 'function', 'procrastinate_notify_queue_job_inserted_v1'),
           (0, 'function', 'procrastinate_notify_queue_abort_job_v1'),
           (0, 'function', 'procrastinate_trigger_function_status_events_insert_v1'),
           (0, 'function', 'procrastinate_trigger_function_status_events_update_v1'),
           (0, 'function', 'procrastinate_trigger_function_scheduled_events_v1'),
           (0, 'function', 'procrastinate_trigger_abort_requested_events_procedure_v1'),
           (0, 'function', 'procrastinate_unlink_periodic_defers_v1'),
           (1, 'function', 'procrastinate_fetch_job_v2'),
           (1, 'function', 'procrastinate_register_worker_v1'),
           (1, 'function', 'procrastinate_unregister_worker_v1'),
           (1, 'function', 'procrastinate_update_heartbeat_v1'),
           (1, 'function', 'procrastinate_prune_stalled_workers_v1'),
           (2, 'function', 'procrastinate_defer_jobs_v1'),
           (2, 'function', 'procrastinate_defer_periodic_job_v2'),
           (4, 'function', 'procrastinate_retry_job_v2'),
           (0, 'trigger', 'procrastinate_jobs_notify_queue_job_inserted_v1'),
           (0, 'trigger', 'procrastinate_jobs_notify_queue_job_aborted_v1'),
           (0, 'trigger', 'procrastinate_trigger_status_events_insert_v1'),
           (0, 'trigger', 'procrastinate_trigger_status_events_update_v1'),
           (0, 'trigger', 'procrastinate_trigger_scheduled_events_v1'),
           (0, 'trigger', 'procrastinate_trigger_abort_requested_events_v1'),
           (0, 'trigger', 'procrastinate_trigger_delete_jobs_v1'),
           (0, 'index', 'procrastinate_jobs_queueing_lock_idx_v1'),
           (0, 'index', 'procrastinate_jobs_lock_idx_v1'),
           (0, 'index', 'procrastinate_jobs_queue_name_idx_v1'),
           (0, 'index', 'procrastinate_jobs_id_lock_idx_v1'),
           (0, 'index', 'procrastinate_jobs_priority_idx_v1'),
           (0, 'index', 'procrastinate_events_job_id_fkey_v1'),
           (0, 'index', 'procrastinate_periodic_defers_job_id_fkey_v1'),
           (1, 'index', 'idx_procrastinate_jobs_worker_not_null'),
           (1, 'index', 'idx_procrastinate_workers_last_heartbeat')
), replaced (name) AS (
    -- Our layout has other indexes instead.
    VALUES ('procrastinate_jobs_queue_name_idx_v1'), ('procrastinate_jobs_id_lock_idx_v1'),
           ('procrastinate_jobs_priority_idx_v1'), ('idx_procrastinate_jobs_worker_not_null')
), former (name) AS (
    VALUES ('procrastinate_fetch_job_v1'), ('procrastinate_defer_job_v1'), ('procrastinate_defer_periodic_job_v1')
), found (kind, name) AS (
    SELECT CASE c.relkind WHEN 'i' THEN 'index' ELSE 'table' END, c.relname::text
      FROM pg_catalog.pg_class c
      JOIN home ON home.id = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'i')
    UNION ALL
    SELECT 'function', name
      FROM functions
    UNION ALL
    SELECT 'trigger', tgname::text
      FROM pg_catalog.pg_trigger
     WHERE tgrelid = to_regclass('procrastinate_jobs')
)
SELECT CASE WHEN EXISTS (SELECT FROM home) THEN levels.name ELSE 'NONE' END AS level,
       ARRAY(SELECT p.kind || ' ' || p.name
               FROM parts p
              WHERE p.since <= brought.level
                AND NOT EXISTS (SELECT FROM found f WHERE f.kind = p.kind AND f.name = p.name)
                AND NOT (p.name IN (SELECT replaced.name FROM replaced)
                         AND to_regclass('procrastinate_java_event_log') IS NOT NULL)
              ORDER BY p.kind, p.name) AS missing,
       ARRAY(SELECT f.name
               FROM functions f
              WHERE f.name ~ '_v[0-9]+$'
                AND NOT EXISTS (SELECT FROM parts p WHERE p.kind = 'function' AND p.name = f.name)
                AND NOT EXISTS (SELECT FROM former WHERE former.name = f.name)
              ORDER BY f.name) AS strange,
       EXISTS (SELECT FROM functions JOIN former ON former.name = functions.name) AS former_functions,
       NOT EXISTS (SELECT
                     FROM functions
                    WHERE name = 'procrastinate_trigger_function_status_events_update_v1'
                      AND source LIKE '%retried%') AS former_trigger
  FROM brought
  JOIN levels ON levels.number = brought.level

-- query: index_states
-- parameter: names text[]
SELECT wanted.name,
       CASE
           WHEN i.indexrelid IS NULL THEN 'ABSENT'
           WHEN i.indisvalid THEN 'VALID'
           WHEN EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid) THEN 'BUILDING'
           ELSE 'INVALID'
       END AS state,
       pg_relation_size(to_regclass('procrastinate_jobs')) > :large AS takes_long
  FROM unnest(:names) WITH ORDINALITY AS wanted(name, place)
  LEFT JOIN pg_catalog.pg_index i
    ON i.indexrelid = to_regclass(wanted.name)
   AND i.indrelid = to_regclass('procrastinate_jobs')
 ORDER BY wanted.place

-- query: layout_state
-- Which parts of our layout there are; LayoutState says what each column means.
SELECT to_regclass('procrastinate_java_event_log') IS NOT NULL AS has_log,
-- include: headers_column
       AS has_headers,
       (SELECT count(*)
          FROM pg_catalog.pg_index
         WHERE indexrelid IN (to_regclass('procrastinate_jobs_queueing_lock_idx_v1'),
                              to_regclass('procrastinate_jobs_lock_idx_v1'))
           AND indisvalid
           AND pg_get_expr(indpred, indrelid) LIKE '%lock IS NOT NULL%') AS lock_indexes,
       (SELECT count(*)
          FROM pg_catalog.pg_trigger
         WHERE tgrelid IN (to_regclass('procrastinate_jobs'), to_regclass('procrastinate_workers'),
                           to_regclass('procrastinate_events'))
           AND tgname LIKE 'procrastinate\_java\_%'
           AND tgenabled <> 'D') AS triggers,
       EXISTS (SELECT
                 FROM pg_catalog.pg_trigger
                WHERE tgrelid = to_regclass('procrastinate_jobs')
                  AND tgname = 'procrastinate_java_log_at_once') AS logs_at_once,
       (SELECT count(*)
          FROM pg_catalog.pg_proc p
          JOIN pg_catalog.pg_class c ON c.relnamespace = p.pronamespace
         WHERE c.oid = to_regclass('procrastinate_jobs')
           AND p.proname IN ('procrastinate_fetch_job_v2', 'procrastinate_finish_job_v1')
           AND p.prosrc LIKE '%java\_logged%') AS functions,
       (SELECT count(*)
          FROM pg_catalog.pg_trigger
         WHERE tgrelid = to_regclass('procrastinate_jobs')
           AND tgname IN ('procrastinate_jobs_notify_queue_job_inserted_v1',
                          'procrastinate_trigger_status_events_insert_v1',
                          'procrastinate_trigger_status_events_update_v1',
                          'procrastinate_trigger_scheduled_events_v1',
                          'procrastinate_trigger_abort_requested_events_v1',
                          'procrastinate_trigger_delete_jobs_v1')
           AND tgenabled <> 'D') AS former_triggers,
       ours.indexes, ours.usable_indexes,
       (SELECT count(*)
          FROM pg_catalog.pg_constraint
         WHERE conrelid IN (to_regclass('procrastinate_jobs'), to_regclass('procrastinate_events'),
                            to_regclass('procrastinate_periodic_defers'))
           AND contype = 'f'
           AND NOT convalidated) AS unchecked_keys
  FROM (SELECT count(*) AS indexes, count(*) FILTER (WHERE i.indisvalid) AS usable_indexes
          FROM pg_catalog.pg_index i
          JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
         WHERE i.indrelid = to_regclass('procrastinate_jobs')
           AND c.relname LIKE 'procrastinate\_java\_%') AS ours

-- query: log_events
-- parameter: after_id bigint
-- parameter: limit integer
-- Writes into the log the events of a chunk of rows. Rows that others have locked are left to the next pass: a wait for
-- one of them would keep the locks of all the others.
WITH chunk AS MATERIALIZED (
    SELECT c.id, procrastinate_java_log(c.job) AS logged
      FROM (SELECT j.id, j AS job
              FROM procrastinate_jobs j
             WHERE j.java_logged < 3 AND j.id > :after_id
             ORDER BY j.id
             LIMIT :limit
               FOR UPDATE SKIP LOCKED) c
), stored AS (
    UPDATE procrastinate_jobs j
       SET java_logged = 3
     WHERE j.id = ANY (ARRAY(SELECT id FROM chunk))
    RETURNING j.id
)
SELECT max(id) AS last_id, count(*) AS jobs FROM stored

-- query: forget_workers
-- parameter: after_id bigint
-- parameter: limit integer
-- Clears the ids of workers that are gone from a chunk of jobs. Returns how many it left because others have locked
-- them.
WITH chunk AS MATERIALIZED (
    SELECT j.id,
           j.worker_id IS NOT NULL
               AND NOT EXISTS (SELECT FROM procrastinate_workers w WHERE w.id = j.worker_id) AS forgets
      FROM procrastinate_jobs j
     WHERE j.id > :after_id
     ORDER BY j.id
     LIMIT :limit
), free AS MATERIALIZED (
    SELECT j.id
      FROM procrastinate_jobs j
     WHERE j.id = ANY (ARRAY(SELECT c.id FROM chunk c WHERE c.forgets))
       FOR NO KEY UPDATE SKIP LOCKED
), stored AS (
    UPDATE procrastinate_jobs j
       SET worker_id = NULL
     WHERE j.id = ANY (ARRAY(SELECT f.id FROM free f))
       AND NOT EXISTS (SELECT FROM procrastinate_workers w WHERE w.id = j.worker_id)
    RETURNING j.id
)
SELECT (SELECT max(id) FROM chunk) AS last_id,
       (SELECT count(*) FROM chunk WHERE forgets) - (SELECT count(*) FROM free) AS jobs

-- query: last_job
SELECT COALESCE(max(id), 0) AS id FROM procrastinate_jobs
