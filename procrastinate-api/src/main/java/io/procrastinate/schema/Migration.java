package io.procrastinate.schema;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A step from an older level of the schema to {@link SchemaLevel#CURRENT}. Steps are run in their order, all that are
 * pending in one transaction, and each may be run again.
 *
 * @param name such as {@code 03.01.00_workers}; in the order of the names
 * @param purpose what it adds, in a few words
 * @param sql its statements
 */
public record Migration(String name, String purpose, String sql) {

    static final Pattern FUNCTION =
            Pattern.compile("^CREATE (FUNCTION .*?^\\$\\$;$)", Pattern.DOTALL | Pattern.MULTILINE);

    /** All steps, in order: a schema of 3.0 needs them all. */
    public static List<Migration> all() {
        List<Migration> all = new ArrayList<>();
        for (Step step : Step.values()) {
            all.add(step.migration());
        }
        return List.copyOf(all);
    }

    /** The steps that a schema needs. */
    static List<Migration> pending(SchemaState state, Set<MigrateOption> options) {
        Set<Step> steps = EnumSet.noneOf(Step.class);
        for (Step step : Step.values()) {
            if (step.isPending(state)) {
                steps.add(step);
            }
        }
        if (options.contains(MigrateOption.KEEP_OLD_FUNCTIONS)) {
            steps.remove(Step.OLD_FUNCTIONS);
        }
        return steps.stream().map(Step::migration).toList();
    }

    /** The script that runs the steps in one transaction. */
    static String script(List<Migration> migrations) {
        return migrations.stream()
                .map(migration -> "-- " + migration.name() + ": " + migration.purpose() + "\n\n" + migration.sql())
                .collect(Collectors.joining("\n", Resources.text("migrations/begin.sql") + "\n", ""));
    }

    /** The functions of a new schema, which replace existing ones. */
    private static String functions() {
        return FUNCTION.matcher(Resources.text("schema.sql"))
                .results()
                .map(MatchResult::group)
                .map(function -> function.replaceFirst("CREATE", "CREATE OR REPLACE") + "\n")
                .collect(Collectors.joining("\n"));
    }

    private enum Step {
        WORKERS("03.01.00_workers", "workers and their heartbeats"),
        BATCHES("03.02.00_batches", "deferring batches"),
        RETRIES("03.04.00_a_retries", "retries of failed jobs"),
        FUNCTIONS("03.04.00_b_functions", "the functions of this level"),
        OLD_FUNCTIONS("03.04.00_c_old_functions", "drops functions that only programs of releases before 3.2 call");

        private final String title;
        private final String purpose;

        Step(String title, String purpose) {
            this.title = title;
            this.purpose = purpose;
        }

        private boolean isPending(SchemaState state) {
            return switch (this) {
                case WORKERS -> isBefore(state, SchemaLevel.V3_1);
                case BATCHES -> isBefore(state, SchemaLevel.V3_2);
                case RETRIES -> isBefore(state, SchemaLevel.V3_4);
                case FUNCTIONS -> isBefore(state, SchemaLevel.V3_4) || state.formerTrigger();
                case OLD_FUNCTIONS -> state.formerFunctions();
            };
        }

        private Migration migration() {
            String sql = this == FUNCTIONS ? functions() : Resources.text("migrations/" + title + ".sql");
            return new Migration(title, purpose, sql);
        }

        private static boolean isBefore(SchemaState state, SchemaLevel level) {
            return state.level().compareTo(level) < 0;
        }
    }
}
