-- From 3.2 back to 3.1: jobs are deferred one by one.

DROP FUNCTION procrastinate_defer_periodic_job_v2(varchar, varchar, varchar, varchar, integer, varchar, bigint, jsonb);

DROP FUNCTION procrastinate_defer_jobs_v1(procrastinate_job_to_defer_v1[]);

DROP TYPE procrastinate_job_to_defer_v1;

CREATE FUNCTION procrastinate_defer_job_v1(
    queue_name varchar,
    task_name varchar,
    priority integer,
    lock text,
    queueing_lock text,
    args jsonb,
    scheduled_at timestamptz
)
    RETURNS bigint
    LANGUAGE sql
AS $$
    INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    RETURNING id
$$;

CREATE FUNCTION procrastinate_defer_periodic_job_v1(
    _queue_name varchar,
    _lock varchar,
    _queueing_lock varchar,
    _task_name varchar,
    _priority integer,
    _periodic_id varchar,
    _defer_timestamp bigint,
    _args jsonb
)
    RETURNS bigint
    LANGUAGE sql
AS $$
    SELECT procrastinate_defer_job_v1($1, $4, $5, $2, $3, $8, NULL)
$$;
