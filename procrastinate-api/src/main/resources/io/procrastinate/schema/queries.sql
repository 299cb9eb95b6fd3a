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
