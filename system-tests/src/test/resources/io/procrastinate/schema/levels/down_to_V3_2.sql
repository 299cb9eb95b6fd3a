-- From 3.3 back to 3.2: locks do not mind the priority.

CREATE OR REPLACE FUNCTION procrastinate_fetch_job_v2(target_queue_names varchar[], p_worker_id bigint)
    RETURNS procrastinate_jobs
    LANGUAGE plpgsql
AS $$
DECLARE
    fetched procrastinate_jobs;
BEGIN
    UPDATE procrastinate_jobs
       SET status = 'doing', worker_id = p_worker_id
     WHERE id = (SELECT min(id) FROM procrastinate_jobs WHERE status = 'todo')
    RETURNING * INTO fetched;

    RETURN fetched;
END;
$$;
