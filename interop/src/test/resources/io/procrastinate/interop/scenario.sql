-- What programs do with the tables and functions, a statement a line; a line that is indented goes on with it. The
-- answers, the rows that are left and the notifications are to be the same on a schema of ours and on Python's.
SELECT procrastinate_defer_jobs_v1(
    ARRAY[ROW('q', 't', 5, 'l', 'ql', '{"a": 1}', NULL)]::procrastinate_job_to_defer_v1[])::text
SELECT procrastinate_defer_jobs_v1(
    ARRAY[ROW('q', 't', 5, 'l', 'ql', '{"a": 1}', NULL)]::procrastinate_job_to_defer_v1[])::text
SELECT procrastinate_defer_jobs_v1(
    ARRAY[ROW('q', 't', 1, NULL, NULL, '{}', '2031-01-01Z'), ROW('r', 'u', -1, '', '', '{}', '2001-01-01Z')
    ]::procrastinate_job_to_defer_v1[])::text
SELECT procrastinate_defer_jobs_v1(ARRAY[]::procrastinate_job_to_defer_v1[])::text
SELECT procrastinate_defer_jobs_v1(
    ARRAY[ROW('q', 't', NULL, NULL, NULL, '{}', NULL)]::procrastinate_job_to_defer_v1[])::text
SELECT procrastinate_defer_jobs_v1(
    ARRAY[ROW(repeat('q', 41), 't', 0, NULL, NULL, '{}', NULL)]::procrastinate_job_to_defer_v1[])::text
SELECT procrastinate_defer_periodic_job_v2('q', NULL, NULL, 'p', 0, '', 100, '{"timestamp": 100}')::text
SELECT procrastinate_defer_periodic_job_v2('q', NULL, NULL, 'p', 0, '', 100, '{"timestamp": 100}')::text
SELECT procrastinate_defer_periodic_job_v2('q', NULL, NULL, 'p', 0, '', 200, '{"timestamp": 200}')::text
SELECT procrastinate_defer_periodic_job_v2('q', NULL, NULL, 'p', 0, 'other', 100, '{"timestamp": 100}')::text
SELECT procrastinate_defer_periodic_job_v2('q', 'l', 'ql', 'p', 0, '', 300, '{"timestamp": 300}')::text
SELECT worker_id::text FROM procrastinate_register_worker_v1()
SELECT worker_id::text FROM procrastinate_register_worker_v1()
SELECT concat_ws(' ', id, status, attempts, worker_id) FROM procrastinate_fetch_job_v2(ARRAY['nobody'], 1)
SELECT concat_ws(' ', id, status, attempts, worker_id) FROM procrastinate_fetch_job_v2(ARRAY['r', 'q'], 1)
SELECT concat_ws(' ', id, status, attempts, worker_id) FROM procrastinate_fetch_job_v2(NULL, 2)
SELECT concat_ws(' ', id, status, attempts, worker_id) FROM procrastinate_fetch_job_v2(NULL, 2)
SELECT concat_ws(' ', id, status, attempts, worker_id) FROM procrastinate_fetch_job_v2(NULL, 99)
SELECT concat_ws(' ', id, status, attempts, worker_id) FROM procrastinate_fetch_job_v2('{}', 1)
SELECT procrastinate_finish_job_v1(1, 'succeeded', false)::text
SELECT procrastinate_finish_job_v1(1, 'succeeded', false)::text
SELECT procrastinate_finish_job_v1(3, 'cancelled', false)::text
SELECT procrastinate_finish_job_v1((SELECT min(id) FROM procrastinate_jobs WHERE status = 'doing'), 'failed',
    false)::text
SELECT procrastinate_finish_job_v1((SELECT min(id) FROM procrastinate_jobs WHERE status = 'todo'), 'aborted',
    false)::text
SELECT procrastinate_finish_job_v1((SELECT min(id) FROM procrastinate_jobs WHERE status = 'doing'), 'succeeded',
    true)::text
INSERT INTO procrastinate_jobs (queue_name, task_name, lock) SELECT 'bulk', 't', n::text FROM generate_series(1, 6) n
SELECT string_agg(f.status::text, ',')
    FROM generate_series(1, 6) n, LATERAL procrastinate_fetch_job_v2(ARRAY['bulk'], n - n + 1) f
SELECT procrastinate_retry_job_v2((SELECT min(id) FROM procrastinate_jobs WHERE status = 'failed'), '2031-01-01Z', 7,
    'other', 'new lock')::text
SELECT procrastinate_retry_job_v2((SELECT min(id) FROM procrastinate_jobs WHERE status = 'doing'), '2001-01-01Z', NULL,
    NULL, NULL)::text
SELECT procrastinate_retry_job_v1((SELECT min(id) FROM procrastinate_jobs WHERE status = 'doing'), NULL, NULL, NULL,
    NULL)::text
SELECT procrastinate_retry_job_v2(1, NULL, NULL, NULL, NULL)::text
SELECT procrastinate_retry_job_v1(1, NULL, NULL, NULL, NULL)::text
SELECT procrastinate_cancel_job_v1((SELECT min(id) FROM procrastinate_jobs WHERE status = 'doing'), true, false)::text
SELECT procrastinate_cancel_job_v1((SELECT min(id) FROM procrastinate_jobs WHERE status = 'doing'), true, false)::text
SELECT procrastinate_cancel_job_v1((SELECT min(id) FROM procrastinate_jobs WHERE status = 'doing'), false, false)::text
SELECT procrastinate_finish_job_v1((SELECT min(id) FROM procrastinate_jobs WHERE abort_requested), 'aborted',
    false)::text
SELECT procrastinate_cancel_job_v1((SELECT min(id) FROM procrastinate_jobs WHERE status = 'doing'), true, false)::text
SELECT procrastinate_retry_job_v2((SELECT min(id) FROM procrastinate_jobs WHERE abort_requested), NULL, NULL, NULL,
    NULL)::text
SELECT procrastinate_cancel_job_v1((SELECT min(id) FROM procrastinate_jobs WHERE status = 'todo'), false, false)::text
SELECT procrastinate_cancel_job_v1((SELECT min(id) FROM procrastinate_jobs WHERE status = 'todo'), true, false)::text
SELECT procrastinate_cancel_job_v1((SELECT min(id) FROM procrastinate_jobs WHERE status = 'todo'), false, true)::text
SELECT procrastinate_cancel_job_v1(9999, true, false)::text
SELECT procrastinate_update_heartbeat_v1(1)::text
SELECT procrastinate_update_heartbeat_v1(99)::text
UPDATE procrastinate_workers SET last_heartbeat = '2001-01-01Z' WHERE id = 2
SELECT string_agg(worker_id::text, ',') FROM procrastinate_prune_stalled_workers_v1(30)
SELECT procrastinate_unregister_worker_v1(1)::text
UPDATE procrastinate_jobs SET priority = 9 WHERE status = 'todo'
UPDATE procrastinate_jobs SET status = 'cancelled' WHERE status = 'todo' AND scheduled_at IS NOT NULL
UPDATE procrastinate_jobs SET abort_requested = true WHERE status = 'doing'
INSERT INTO procrastinate_jobs (queue_name, task_name, status, abort_requested) VALUES ('q', 't', 'todo', true)
INSERT INTO procrastinate_jobs (queue_name, task_name, status, lock)
    VALUES ('q', 't', 'doing', 'z'), ('q', 't', 'doing', 'z')
INSERT INTO procrastinate_jobs (queue_name) VALUES ('q')
INSERT INTO procrastinate_events (job_id, type) VALUES (9999, 'started')
DELETE FROM procrastinate_jobs WHERE id IN (SELECT job_id FROM procrastinate_periodic_defers)
DELETE FROM procrastinate_jobs WHERE queue_name = 'bulk'
