package io.procrastinate.schema;

import io.procrastinate.adapter.QueryFile;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The scripts that change the original's tables to our layout and back. Definitions of the original are taken from
 * schema.sql.
 */
final class LayoutScripts {

    private static final String FETCH = "procrastinate_fetch_job_v2";
    private static final String FINISH = "procrastinate_finish_job_v1";

    /** The functions that have another text in our layout. */
    private static final Set<String> REPLACED_FUNCTIONS = Set.of(FETCH, FINISH);

    private static final List<String> REPLACED_INDEXES = List.of(
            "procrastinate_jobs_priority_idx_v1",
            "procrastinate_jobs_id_lock_idx_v1",
            "procrastinate_jobs_queue_name_idx_v1",
            "idx_procrastinate_jobs_worker_not_null");

    private static final List<String> LOCK_INDEXES =
            List.of("procrastinate_jobs_queueing_lock_idx_v1", "procrastinate_jobs_lock_idx_v1");

    /** Finds the rows that have events which the log lacks. */
    private static final String UNLOGGED_INDEX = "CREATE INDEX IF NOT EXISTS procrastinate_java_unlogged_idx"
            + " ON procrastinate_jobs (id) WHERE java_logged < 3;\n";

    private static final Pattern INDEX =
            Pattern.compile("CREATE (UNIQUE )?INDEX (\\w+)\\s+(ON procrastinate_jobs\\s+[^;]+;)", Pattern.DOTALL);

    private static final Pattern FUNCTION =
            Pattern.compile("^CREATE OR REPLACE FUNCTION .*?^\\$\\$;$", Pattern.DOTALL | Pattern.MULTILINE);

    private static final String NOBODY_WAITS = """

        BEGIN
            -- The tables are about to change.
            BEGIN
                LOCK TABLE procrastinate_jobs IN ROW EXCLUSIVE MODE NOWAIT;
            EXCEPTION
                WHEN lock_not_available THEN
                    RETURN NULL;
            END;

        """;

    private static final Pattern CHECK = Pattern.compile("ALTER TABLE \\w+ VALIDATE CONSTRAINT \\w+");

    private static final String OPTIMIZE = QueryFile.script(LayoutScripts.class, "optimize.sql", Map.of());
    private static final String LOG_AT_ONCE = QueryFile.script(LayoutScripts.class, "log_at_once.sql", Map.of());
    private static final String DEOPTIMIZE = QueryFile.script(
            LayoutScripts.class,
            "deoptimize.sql",
            Map.of(
                    "our_indexes", "    " + String.join(",\n    ", OurIndexes.names()) + ",",
                    "former_indexes", formerIndexes(true),
                    "former_functions", formerFunctions()));

    private static final String BEFORE_OPTIMIZE = beforeChange(withoutWaiting(function(DEOPTIMIZE, FETCH)));

    private static final String BEFORE_DEOPTIMIZE =
            beforeChange(withoutWaiting(function(OPTIMIZE, FETCH)) + "\n\n" + function(DEOPTIMIZE, FINISH));

    private LayoutScripts() {}

    static String optimize() {
        return OPTIMIZE;
    }

    static String logAtOnce() {
        return LOG_AT_ONCE;
    }

    static String beforeOptimize() {
        return BEFORE_OPTIMIZE;
    }

    static String beforeDeoptimize() {
        return BEFORE_DEOPTIMIZE;
    }

    static String deoptimize() {
        return DEOPTIMIZE;
    }

    /** Checks the rows that are older than the foreign keys, as a script. */
    static String checkKeys() {
        return Resources.text("deoptimized_keys.sql");
    }

    /** The statements that check them, to be executed once no job has a worker that is gone. */
    static List<String> keyChecks() {
        return CHECK.matcher(checkKeys()).results().map(MatchResult::group).toList();
    }

    static String unloggedIndex() {
        return UNLOGGED_INDEX;
    }

    /**
     * The indexes of the original that our layout lacks; those of the two locks under a name of ours, because ours have
     * theirs.
     */
    static String formerIndexes(boolean locks) {
        Map<String, String> definitions = new LinkedHashMap<>();
        Matcher index = INDEX.matcher(Resources.text("schema.sql"));
        while (index.find()) {
            String name = index.group(2);
            if (REPLACED_INDEXES.contains(name)) {
                definitions.put(name, "CREATE INDEX IF NOT EXISTS " + name + "\n    " + index.group(3));
            } else if (locks && LOCK_INDEXES.contains(name)) {
                String ours = name.replace("procrastinate_jobs_", "procrastinate_java_former_");
                definitions.put(name, "CREATE UNIQUE INDEX IF NOT EXISTS " + ours + "\n    " + index.group(3));
            }
        }
        return String.join("\n\n", definitions.values());
    }

    private static String beforeChange(String functions) {
        return QueryFile.script(LayoutScripts.class, "before_change.sql", Map.of("functions", functions));
    }

    private static String function(String script, String name) {
        return FUNCTION.matcher(script)
                .results()
                .map(MatchResult::group)
                .filter(function -> function.contains("FUNCTION " + name + "("))
                .findFirst()
                .orElseThrow();
    }

    private static String withoutWaiting(String fetch) {
        return fetch.replaceFirst("\nBEGIN\n", Matcher.quoteReplacement(NOBODY_WAITS));
    }

    private static String formerFunctions() {
        return Migration.FUNCTION
                .matcher(Resources.text("schema.sql"))
                .results()
                .map(MatchResult::group)
                .filter(function -> REPLACED_FUNCTIONS.stream().anyMatch(name -> function.contains("FUNCTION " + name)))
                .map(function -> function.replaceFirst("CREATE", "CREATE OR REPLACE"))
                .collect(Collectors.joining("\n\n"));
    }
}
