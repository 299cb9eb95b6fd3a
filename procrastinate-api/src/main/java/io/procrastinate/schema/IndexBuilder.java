package io.procrastinate.schema;

import io.procrastinate.adapter.QueryExecutor;
import io.procrastinate.adapter.QueryFile;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SqlState;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.ConnectorException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Builds the indexes of a script on a database in use, without blocking writers. Waits for concurrent builds of others,
 * and rebuilds what was left half-built.
 */
final class IndexBuilder {

    private static final Logger LOG = LoggerFactory.getLogger(IndexBuilder.class);
    private static final Query STATES =
            QueryFile.beside(IndexBuilder.class, "queries.sql").query("index_states");
    private static final Pattern CREATE =
            Pattern.compile("CREATE (UNIQUE )?INDEX IF NOT EXISTS (\\w+)\\s+([^;]+);", Pattern.DOTALL);

    /** A build reads the whole table, which may be large. */
    private static final Duration LONGEST_BUILD = Duration.ofHours(12);

    private static final Duration PAUSE = Duration.ofMillis(250);

    /**
     * What concurrent builds may run into: an existing index, a unique row of a catalogue, an index that is already
     * gone.
     */
    private static final Set<String> RACES = Set.of("42P07", SqlState.UNIQUE_VIOLATION, "42704");

    private static final int MOST_RACES = 50;

    private final QueryExecutor executor;
    private final Map<String, String> definitions = new LinkedHashMap<>();
    private volatile boolean takesLong;

    IndexBuilder(QueryExecutor executor, String script) {
        this.executor = executor;
        Matcher create = CREATE.matcher(script);
        while (create.find()) {
            String name = create.group(2);
            String unique = create.group(1) == null ? "" : create.group(1);
            definitions.put(
                    name, "CREATE " + unique + "INDEX CONCURRENTLY IF NOT EXISTS " + name + " " + create.group(3));
        }
    }

    /** As this one, without the indexes whose names begin so. */
    IndexBuilder without(String prefix) {
        IndexBuilder fewer = new IndexBuilder(executor, "");
        definitions.forEach((name, definition) -> {
            if (!name.startsWith(prefix)) {
                fewer.definitions.put(name, definition);
            }
        });
        return fewer;
    }

    /** Builds what is missing, one index after the other. */
    CompletionStage<@Nullable Void> build() {
        return build(MOST_RACES);
    }

    private CompletionStage<@Nullable Void> build(int racesLeft) {
        return states().thenCompose(states -> {
            for (Map.Entry<String, State> index : states.entrySet()) {
                if (index.getValue() != State.VALID) {
                    return advance(index.getKey(), states, racesLeft);
                }
            }
            return CompletableFuture.completedFuture(null);
        });
    }

    private CompletionStage<@Nullable Void> advance(String name, Map<String, State> states, int racesLeft) {
        return switch (Objects.requireNonNull(states.get(name))) {
            case ABSENT -> {
                tell(name, states);
                yield execute(Objects.requireNonNull(definitions.get(name)), racesLeft);
            }
            case INVALID -> execute("DROP INDEX CONCURRENTLY IF EXISTS " + name, racesLeft);
            case BUILDING -> Pause.of(PAUSE).thenCompose(waited -> build(racesLeft));
            case VALID -> build(racesLeft);
        };
    }

    private void tell(String name, Map<String, State> states) {
        if (takesLong) {
            int place = List.copyOf(states.keySet()).indexOf(name) + 1;
            LOG.info("Building the index {}, {} of {}", name, place, states.size());
        }
    }

    /** Executes outside a transaction, as these statements require, then continues. */
    private CompletionStage<@Nullable Void> execute(String sql, int racesLeft) {
        BoundQuery query = Query.named("build_index")
                .sql(sql)
                .bind()
                .deadline(LONGEST_BUILD)
                .build();
        CompletionStage<@Nullable Void> executed = executor.execute(query, null).thenApply(rows -> null);
        return executed.exceptionallyCompose(failure -> racesLeft > 0
                                && Stages.cause(failure) instanceof ConnectorException refused
                                && isRace(refused.sqlState())
                        ? Pause.of(PAUSE)
                        : executed)
                .thenCompose(done -> build(racesLeft - 1));
    }

    private static boolean isRace(@Nullable String sqlState) {
        return sqlState != null && (RACES.contains(sqlState) || SqlState.isUndoneByOthers(sqlState));
    }

    private CompletionStage<Map<String, State>> states() {
        BoundQuery query =
                STATES.bind().set("names", List.copyOf(definitions.keySet())).build();
        return executor.execute(query, null).thenApply(rows -> {
            Map<String, State> states = new LinkedHashMap<>();
            for (Row row : rows) {
                takesLong = row.bool("takes_long");
                states.put(row.text("name"), State.valueOf(row.text("state")));
            }
            return states;
        });
    }

    private enum State {
        ABSENT,
        BUILDING,
        INVALID,
        VALID
    }
}
