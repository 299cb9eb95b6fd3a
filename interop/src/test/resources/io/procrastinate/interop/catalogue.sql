-- Everything in the schema "public" that a program could depend on, a line of text for each thing.
WITH things (kind, line) AS (
    SELECT 'table', relname || ' ' || relkind::text || ' ' || relpersistence::text || ' ' || relreplident::text
      FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'c')
    UNION ALL
    SELECT 'column', c.relname || '.' || a.attname || ' ' || format_type(atttypid, atttypmod)
           || CASE WHEN attnotnull THEN ' not null' ELSE '' END
           || CASE attidentity WHEN '' THEN '' ELSE ' identity ' || attidentity::text END
           || coalesce(' default ' || pg_get_expr(adbin, adrelid), '')
      FROM pg_attribute a
      JOIN pg_class c ON c.oid = a.attrelid
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'c')
       AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT 'sequence', seqrelid::regclass::text || ' ' || seqtypid::regtype::text || ' from ' || seqstart || ' by '
           || seqincrement || ' to ' || seqmax
      FROM pg_sequence
    UNION ALL
    SELECT 'constraint', conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid)
      FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace
       AND contype <> 'n' -- PostgreSQL 18 gives names to NOT NULL, which the columns show already
    UNION ALL
    SELECT 'index', indexrelid::regclass::text || ' ' || pg_get_indexdef(indexrelid)
      FROM pg_index
      JOIN pg_class c ON c.oid = indexrelid
     WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'function', p.proname || '(' || pg_get_function_arguments(p.oid) || ') returns '
           || pg_get_function_result(p.oid) || ' ' || l.lanname || ' ' || p.provolatile::text || p.proparallel::text
           || CASE WHEN p.proisstrict THEN ' strict' ELSE '' END
           || CASE WHEN p.prosecdef THEN ' security definer' ELSE '' END
      FROM pg_proc p
      JOIN pg_language l ON l.oid = p.prolang
     WHERE p.pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'trigger', tgname || ' ' || tgenabled::text || ' ' || pg_get_triggerdef(oid)
      FROM pg_trigger
     WHERE NOT tgisinternal
    UNION ALL
    SELECT 'type', typname || ' ' || typtype::text
      FROM pg_type
     WHERE typnamespace = 'public'::regnamespace AND typtype <> 'b'
    UNION ALL
    SELECT 'enum', enumtypid::regtype::text || ': '
           || string_agg(enumlabel, ', ' ORDER BY enumsortorder)
      FROM pg_enum
     GROUP BY enumtypid
    UNION ALL
    SELECT 'extension', extname::text
      FROM pg_extension
)
SELECT kind || ' ' || line
  FROM things
 ORDER BY 1
