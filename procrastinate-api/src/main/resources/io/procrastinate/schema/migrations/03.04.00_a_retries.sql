ALTER TYPE procrastinate_job_event_type ADD VALUE IF NOT EXISTS 'retried';
