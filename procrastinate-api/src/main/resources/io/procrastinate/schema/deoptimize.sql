-- Restores the original's tables, with every event as a row. Run it as one transaction; it may be run again, and does
-- nothing on the original's tables. SchemaManager.deoptimize() writes the log and builds the indexes before, and checks
-- the foreign keys afterwards, so that nobody waits for it.

-- import: layout.sql

-- include: alone

DO $$
DECLARE
    ours record;
BEGIN
    IF to_regclass('procrastinate_java_event_log') IS NOT NULL THEN
        PERFORM set_config('enable_seqscan', 'off', true);
        PERFORM procrastinate_java_log(j)
           FROM (SELECT k AS j FROM procrastinate_jobs AS k WHERE k.java_logged < 3 ORDER BY k.id) AS rest;

        DROP VIEW procrastinate_events;
        ALTER TABLE procrastinate_java_event_log RENAME TO procrastinate_events;
    END IF;

    FOR ours IN
        SELECT t.tgname AS name, t.tgrelid::regclass AS relation
          FROM pg_catalog.pg_trigger AS t
         WHERE t.tgrelid IN ('procrastinate_jobs'::regclass, 'procrastinate_workers'::regclass)
           AND t.tgname LIKE 'procrastinate\_java\_%'
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', ours.name, ours.relation);
    END LOOP;

    FOR ours IN
        SELECT p.oid::regprocedure AS name
          FROM pg_catalog.pg_proc AS p
          JOIN pg_catalog.pg_class AS c ON c.relnamespace = p.pronamespace
         WHERE c.oid = 'procrastinate_jobs'::regclass
           AND p.proname LIKE 'procrastinate\_java\_%'
    LOOP
        EXECUTE format('DROP FUNCTION %s', ours.name);
    END LOOP;
END;
$$;

-- include: former_functions

-- include: former_indexes

DO $$
DECLARE
    place record;
BEGIN
    FOR place IN
        SELECT former.name, 'procrastinate_jobs_' || former.rest AS final
          FROM unnest(ARRAY['queueing_lock_idx_v1', 'lock_idx_v1']) AS lock(rest)
         CROSS JOIN LATERAL (SELECT 'procrastinate_java_former_' || lock.rest AS name, lock.rest) AS former
    LOOP
        IF EXISTS (
            SELECT
              FROM pg_catalog.pg_index AS i
             WHERE i.indexrelid = to_regclass(place.final)
               AND i.indisvalid
               AND pg_get_expr(i.indpred, i.indrelid) NOT LIKE '%lock IS NOT NULL%'
        ) THEN
            EXECUTE format('DROP INDEX %I', place.name);
        ELSE
            EXECUTE format('DROP INDEX IF EXISTS %I', place.final);
            EXECUTE format('ALTER INDEX %I RENAME TO %I', place.name, place.final);
        END IF;
    END LOOP;
END;
$$;

DROP INDEX IF EXISTS
-- include: our_indexes
    procrastinate_java_unlogged_idx,
    procrastinate_java_jobs_queueing_lock_idx_v1,
    procrastinate_java_jobs_lock_idx_v1;

-- Only what optimize.sql sets: other values are a user's.
DO $$
DECLARE
    setting record;
BEGIN
    FOR setting IN
        SELECT o.option_name AS name
          FROM pg_catalog.pg_class AS c
         CROSS JOIN LATERAL pg_options_to_table(c.reloptions) AS o
         WHERE c.oid = 'procrastinate_jobs'::regclass
           AND (o.option_name, o.option_value) IN (('autovacuum_vacuum_scale_factor', '0.01'),
                                                   ('vacuum_index_cleanup', 'on'))
    LOOP
        EXECUTE format('ALTER TABLE procrastinate_jobs RESET (%I)', setting.name);
    END LOOP;
END;
$$;

ALTER TABLE procrastinate_jobs
    DROP COLUMN IF EXISTS java_deferred_at,
    DROP COLUMN IF EXISTS java_started_at,
    DROP COLUMN IF EXISTS java_ended_at,
    DROP COLUMN IF EXISTS java_logged,
    DROP COLUMN IF EXISTS java_error,
    DROP COLUMN IF EXISTS java_result,
    DROP COLUMN IF EXISTS java_headers,
    ENABLE TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1,
    ENABLE TRIGGER procrastinate_trigger_status_events_insert_v1,
    ENABLE TRIGGER procrastinate_trigger_status_events_update_v1,
    ENABLE TRIGGER procrastinate_trigger_scheduled_events_v1,
    ENABLE TRIGGER procrastinate_trigger_abort_requested_events_v1,
    ENABLE TRIGGER procrastinate_trigger_delete_jobs_v1;

-- New rows are checked from now on; deoptimized_keys.sql checks those that exist.
DO $$
DECLARE
    key record;
BEGIN
    FOR key IN
        SELECT *
          FROM (VALUES ('procrastinate_jobs', 'worker_id', 'procrastinate_workers (id) ON DELETE SET NULL'),
                       ('procrastinate_events', 'job_id', 'procrastinate_jobs (id) ON DELETE CASCADE'),
                       ('procrastinate_periodic_defers', 'job_id', 'procrastinate_jobs (id)'))
               AS k(child, child_column, parent)
         WHERE NOT EXISTS (SELECT
                             FROM pg_catalog.pg_constraint
                            WHERE conrelid = to_regclass(k.child)
                              AND contype = 'f'
                              AND conname = k.child || '_' || k.child_column || '_fkey')
    LOOP
        EXECUTE format(
            'ALTER TABLE %I ADD CONSTRAINT %I FOREIGN KEY (%I) REFERENCES %s NOT VALID',
            key.child, key.child || '_' || key.child_column || '_fkey', key.child_column, key.parent);
    END LOOP;
END;
$$;
