CREATE TABLE IF NOT EXISTS procrastinate_workers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    last_heartbeat timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS idx_procrastinate_workers_last_heartbeat
    ON procrastinate_workers (last_heartbeat);

ALTER TABLE procrastinate_jobs
    ADD COLUMN IF NOT EXISTS worker_id bigint REFERENCES procrastinate_workers (id) ON DELETE SET NULL;

CREATE INDEX IF NOT EXISTS idx_procrastinate_jobs_worker_not_null
    ON procrastinate_jobs (worker_id)
    WHERE worker_id IS NOT NULL AND status = 'doing';
