-- What the scripts that create our layout, and remove it, have in common.

-- part: home
-- Another schema of the search path may contain another queue, which must stay as it is.
DO $$
BEGIN
    PERFORM set_config('search_path', quote_ident(n.nspname), true)
       FROM pg_catalog.pg_class AS c
       JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      WHERE c.oid = to_regclass('procrastinate_jobs');
END;
$$;

-- part: alone
-- include: home

-- All later statements of others wait behind a wait for this lock: if a transaction has used the tables for a while,
-- such as a backup, there is no wait. The first lock waits as long as it may make others wait; the further ones time
-- out before the server takes the wait for a deadlock.
DO $$
DECLARE
    users text[];
    earlier text[];
BEGIN
    LOOP
        users := ARRAY(
            SELECT l.virtualtransaction
              FROM pg_catalog.pg_locks AS l
             WHERE l.granted
               AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = current_database())
               AND l.relation IN (to_regclass('procrastinate_jobs'), to_regclass('procrastinate_events'),
                                  to_regclass('procrastinate_java_event_log'), to_regclass('procrastinate_workers'),
                                  to_regclass('procrastinate_periodic_defers'))
               -- The server ends a vacuum that is in the way; an index is built by another process of ours.
               AND l.mode <> 'ShareUpdateExclusiveLock'
               AND l.pid IS DISTINCT FROM pg_backend_pid());
        IF users && earlier THEN
            RAISE lock_not_available USING
                MESSAGE = 'transactions of others have used the tables of Procrastinate for a while';
        END IF;
        EXIT WHEN users = '{}' OR earlier IS NOT NULL;
        earlier := users;
        PERFORM pg_sleep(1);
    END LOOP;

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
