-- query: schema_level
-- There is no table of versions: each level is told by what it brought. Functions are those that the search path finds.
WITH functions AS (
    SELECT p.proname, p.prosrc
      FROM pg_catalog.pg_proc p
     WHERE p.proname LIKE 'procrastinate\_%'
       AND pg_catalog.pg_function_is_visible(p.oid)
)
SELECT CASE
           WHEN to_regclass('procrastinate_jobs') IS NULL THEN 'NONE'
           WHEN EXISTS (SELECT FROM functions WHERE proname = 'procrastinate_retry_job_v2') THEN 'V3_4'
           WHEN EXISTS (SELECT FROM functions WHERE proname = 'procrastinate_fetch_job_v2' AND prosrc ~ 'priority\s*>') THEN 'V3_3'
           WHEN EXISTS (SELECT FROM functions WHERE proname = 'procrastinate_defer_jobs_v1') THEN 'V3_2'
           WHEN EXISTS (SELECT FROM functions WHERE proname = 'procrastinate_fetch_job_v2') THEN 'V3_1'
           WHEN EXISTS (SELECT FROM functions WHERE proname = 'procrastinate_fetch_job_v1') THEN 'V3_0'
           ELSE 'BEFORE_V3_0'
       END AS level

-- query: index_states
-- parameter: names text[]
SELECT wanted.name,
       CASE
           WHEN i.indexrelid IS NULL THEN 'ABSENT'
           WHEN i.indisvalid THEN 'VALID'
           WHEN EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid) THEN 'BUILDING'
           ELSE 'INVALID'
       END AS state
  FROM unnest(:names) WITH ORDINALITY AS wanted(name, place)
  LEFT JOIN pg_catalog.pg_index i
    ON i.indexrelid = to_regclass(wanted.name)
   AND i.indrelid = to_regclass('procrastinate_jobs')
 ORDER BY wanted.place

-- query: has_statement_triggers
SELECT count(*) = 2 AS present
  FROM pg_catalog.pg_trigger
 WHERE tgrelid = to_regclass('procrastinate_jobs')
   AND tgname IN ('procrastinate_java_after_insert', 'procrastinate_java_after_update')
   AND tgenabled <> 'D'
