-- Programs of releases before 3.2 call them.

DROP FUNCTION IF EXISTS procrastinate_fetch_job_v1(varchar[]);

DROP FUNCTION IF EXISTS procrastinate_defer_periodic_job_v1(
    varchar, varchar, varchar, varchar, integer, varchar, bigint, jsonb
);

DROP FUNCTION IF EXISTS procrastinate_defer_job_v1(varchar, varchar, integer, text, text, jsonb, timestamptz);
