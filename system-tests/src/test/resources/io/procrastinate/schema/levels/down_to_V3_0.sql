-- From 3.1 back to 3.0: the database does not know which worker runs a job.

DROP FUNCTION procrastinate_fetch_job_v2(varchar[], bigint);

DROP FUNCTION procrastinate_register_worker_v1();

DROP FUNCTION procrastinate_unregister_worker_v1(bigint);

DROP FUNCTION procrastinate_update_heartbeat_v1(bigint);

DROP FUNCTION procrastinate_prune_stalled_workers_v1(double precision);

ALTER TABLE procrastinate_jobs DROP COLUMN worker_id;

DROP TABLE procrastinate_workers;

CREATE FUNCTION procrastinate_fetch_job_v1(target_queue_names varchar[])
    RETURNS procrastinate_jobs
    LANGUAGE sql
AS $$
    UPDATE procrastinate_jobs
       SET status = 'doing'
     WHERE id = (SELECT min(id) FROM procrastinate_jobs WHERE status = 'todo')
    RETURNING *
$$;
