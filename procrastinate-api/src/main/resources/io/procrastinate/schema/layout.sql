-- What the scripts that create our layout, and remove it, have in common.

-- part: alone
-- Another schema of the search path may contain another queue, which must stay as it is. The first lock waits as long
-- as it may make others wait; the further ones time out before the server takes the wait for a deadlock.
DO $$
BEGIN
    PERFORM set_config('search_path', quote_ident(n.nspname), true)
       FROM pg_catalog.pg_class AS c
       JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      WHERE c.oid = to_regclass('procrastinate_jobs');
    PERFORM set_config('lock_timeout', '3s', true);
    LOCK TABLE procrastinate_jobs IN ACCESS EXCLUSIVE MODE;
    PERFORM set_config('lock_timeout', '500ms', true);
END;
$$;

-- part: events_of_row
           VALUES (0, 'scheduled'::procrastinate_job_event_type, CASE WHEN j.java_logged < 1 THEN j.scheduled_at END),
                  (1, 'deferred', CASE WHEN j.java_logged < 1 THEN j.java_deferred_at END),
                  (2, 'started', CASE WHEN j.java_logged < 2 THEN j.java_started_at END),
                  (3,
                   CASE j.status
                       WHEN 'succeeded' THEN 'succeeded'::procrastinate_job_event_type
                       WHEN 'failed' THEN 'failed'
                       WHEN 'aborted' THEN 'aborted'
                       WHEN 'cancelled' THEN 'cancelled'
                   END,
                   CASE WHEN j.java_logged < 3 THEN j.java_ended_at END)
