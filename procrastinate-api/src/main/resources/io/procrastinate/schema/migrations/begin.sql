-- Migrates the schema of Procrastinate that the search path finds. Run it as one transaction; it may be run again.

SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

DO $$
DECLARE
    home name;
BEGIN
    SELECT n.nspname
      INTO home
      FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.oid = to_regclass('procrastinate_jobs');

    -- Concurrent migrations follow one another: the second finds done what the first has done.
    PERFORM pg_advisory_xact_lock(hashtext('procrastinate schema'), hashtext(home));

    -- Another schema of the search path may hold another queue, which is none of our business.
    PERFORM set_config('search_path', quote_ident(home), true);

    -- Rather fail than hold up everybody behind a long transaction.
    PERFORM set_config('lock_timeout', '3s', true);
    LOCK TABLE procrastinate_jobs IN ACCESS EXCLUSIVE MODE;
END;
$$;
