-- Runs after deoptimize.sql. In our layout a job that has ended keeps the id of a worker that is gone.

UPDATE procrastinate_jobs AS job
   SET worker_id = NULL
 WHERE job.worker_id IS NOT NULL
   AND NOT EXISTS (SELECT FROM procrastinate_workers AS worker WHERE worker.id = job.worker_id);

ALTER TABLE procrastinate_jobs VALIDATE CONSTRAINT procrastinate_jobs_worker_id_fkey;

ALTER TABLE procrastinate_events VALIDATE CONSTRAINT procrastinate_events_job_id_fkey;

ALTER TABLE procrastinate_periodic_defers VALIDATE CONSTRAINT procrastinate_periodic_defers_job_id_fkey;
