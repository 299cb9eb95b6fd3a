package io.procrastinate.benchmarks;

import io.procrastinate.App;
import io.procrastinate.adapter.QueryFile;
import io.procrastinate.benchmarks.Figure.Better;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.ServerVariables;
import io.procrastinate.driver.SessionSettings;
import io.procrastinate.worker.Worker;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * The cost of a fetch over a backlog, in turns with the same fetch on a table with only a thousand waiting jobs. Every
 * fetch is undone, so that the next one finds the same rows.
 */
final class FetchMeasure implements Measure {

    private static final QueryFile QUERIES = QueryFile.beside(Worker.class, "fetch.sql");
    private static final int FEW = 1_000;
    private static final int WARM_UP = 20;
    private static final int CALLS = 30;
    private static final String EMPTY = "bench_fetch_empty";

    /**
     * A table to fetch from.
     *
     * @param fill inserts the backlog, {@code %d} being its size
     * @param size its size before scaling
     * @param idle the queue of an idle poll, null for all
     * @param few inserts fetchable jobs, if those of the backlog are not
     * @param queue the queue to fetch from, null for all
     */
    private record Backlog(
            String name,
            String fill,
            int size,
            @Nullable String idle,
            @Nullable String few,
            @Nullable String queue) {}

    private static final String WAITING =
            "INSERT INTO procrastinate_jobs (queue_name, task_name) SELECT 'default', 'noop' FROM generate_series(1, %d)";

    private static final List<Backlog> BACKLOGS = List.of(
            new Backlog("1,000,000 waiting", WAITING, 1_000_000, "nobody", null, null),
            finished("1,000,000 finished", 1_000_000),
            finished("10,000,000 finished", 10_000_000),
            new Backlog(
                    "100,000 scheduled ahead",
                    "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, scheduled_at)"
                            + " SELECT 'default', 'noop', 1, now() + interval '1 day' FROM generate_series(1, %d)",
                    100_000,
                    null,
                    WAITING,
                    null),
            new Backlog(
                    "50,000 behind 10 held locks",
                    "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, status, worker_id)"
                            + " SELECT 'default', 'noop', 1, 'lock ' || n %% 10, CASE WHEN n < 10 THEN 'doing' ELSE 'todo' END"
                            + "::procrastinate_job_status, CASE WHEN n < 10 THEN 1 END FROM generate_series(0, %d) n",
                    50_000,
                    null,
                    WAITING,
                    null),
            new Backlog(
                    "one queue among 100",
                    "INSERT INTO procrastinate_jobs (queue_name, task_name)"
                            + " SELECT 'queue ' || n %% 100, 'noop' FROM generate_series(1, %d) n",
                    1_000_000,
                    "nobody",
                    null,
                    "queue 7"));

    private static Backlog finished(String name, int size) {
        return new Backlog(
                name,
                "INSERT INTO procrastinate_jobs (queue_name, task_name, status, attempts)"
                        + " SELECT 'default', 'noop', 'succeeded', 1 FROM generate_series(1, %d)",
                size,
                null,
                WAITING,
                null);
    }

    @Override
    public void run(Field field) {
        Server server = field.server();
        install(server, EMPTY);
        for (Backlog backlog : BACKLOGS) {
            field.say("fetch, %s", backlog.name());
            String database = "bench_fetch_backlog";
            install(server, database);
            int size = (int) Math.max(FEW, backlog.size() * field.options().scale());
            fill(server, database, backlog.fill().formatted(size));
            try (Table full = new Table(server, database);
                    Table empty = new Table(server, EMPTY)) {
                clear(server);
                compare(field, backlog, "idle poll", full, empty, 0, backlog.idle());
                if (backlog.few() != null) {
                    fill(server, database, backlog.few().formatted(FEW));
                }
                fill(server, EMPTY, few(backlog));
                compare(field, backlog, "fetch 1", full, empty, 1, backlog.queue());
                compare(field, backlog, "fetch 100", full, empty, 100, backlog.queue());
            } catch (SQLException e) {
                throw new IllegalStateException("Fetching from " + backlog.name() + " failed", e);
            }
            server.run("postgres", "DROP DATABASE " + database + " WITH (FORCE)");
        }
    }

    private static String few(Backlog backlog) {
        String queue = backlog.queue() == null ? "default" : backlog.queue();
        return WAITING.formatted(FEW).replace("'default'", "'" + queue + "'");
    }

    private static void install(Server server, String database) {
        server.run("postgres", "CREATE DATABASE " + database);
        try (App app = App.builder().url(server.url(database)).build().open()) {
            app.schemaManager().apply();
        }
        server.run(database, "INSERT INTO procrastinate_workers DEFAULT VALUES");
    }

    /** Without triggers: the events do not matter here. */
    private static void fill(Server server, String database, String insert) {
        server.run(database, "SET session_replication_role = replica", insert, "VACUUM (ANALYZE)", "CHECKPOINT");
    }

    private static void clear(Server server) {
        server.run(EMPTY, "TRUNCATE procrastinate_jobs CASCADE", "VACUUM (ANALYZE)");
    }

    private static void compare(
            Field field, Backlog backlog, String what, Table full, Table empty, int limit, @Nullable String queue)
            throws SQLException {
        for (int round = 0; round <= field.options().rounds(); round++) {
            List<Double> overBacklog = new ArrayList<>();
            List<Double> overEmpty = new ArrayList<>();
            for (int call = 0; call < (round == 0 ? WARM_UP : CALLS); call++) {
                overEmpty.add(empty.fetch(limit, queue));
                overBacklog.add(full.fetch(limit, queue));
            }
            if (round > 0) {
                Figure figure = new Figure("fetch", backlog.name() + ", " + what, "ms", Better.LESS);
                field.results().add(figure, "nearly empty", round, Results.median(overEmpty));
                field.results().add(figure, "backlog", round, Results.median(overBacklog));
            }
            if (round == field.options().rounds()) {
                field.say(
                        "  %-10s %.2f ms, nearly empty %.2f ms",
                        what, Results.median(overBacklog), Results.median(overEmpty));
            }
        }
    }

    /** A session of a worker on a database. */
    private static final class Table implements AutoCloseable {

        private final Connection connection;

        Table(Server server, String database) throws SQLException {
            PGSimpleDataSource source = new PGSimpleDataSource();
            source.setUrl("jdbc:" + server.url(database));
            source.setOptions(ServerVariables.options(SessionSettings.parameters()));
            this.connection = source.getConnection();
            connection.setAutoCommit(false);
        }

        /**
         * Fetches, undoes that, and returns the milliseconds. A limit of 0 is an idle poll: it also asks what is due
         * next.
         */
        double fetch(int limit, @Nullable String queue) throws SQLException {
            long start = System.nanoTime();
            int found =
                    execute(queue == null ? "fetch_jobs_all" : "fetch_jobs_queues", limit == 0 ? 100 : limit, queue);
            if (limit == 0) {
                execute("next_due", 0, queue);
            }
            double millis = (System.nanoTime() - start) / 1e6;
            connection.rollback();
            if (found != limit) {
                throw new IllegalStateException("Found " + found + " jobs, not " + limit);
            }
            return millis;
        }

        private int execute(String query, int limit, @Nullable String queue) throws SQLException {
            Query.Rendered rendered = QUERIES.query(query).positional();
            try (PreparedStatement statement = connection.prepareStatement(rendered.sql())) {
                int index = 1;
                for (String parameter : rendered.parameters()) {
                    switch (parameter) {
                        case "limit" -> statement.setInt(index, limit);
                        case "worker_id" -> statement.setLong(index, 1);
                        case "after_micros" -> statement.setLong(index, 0);
                        default -> {
                            if (queue == null) {
                                statement.setNull(index, Types.ARRAY);
                            } else {
                                statement.setArray(index, connection.createArrayOf("text", new Object[] {queue}));
                            }
                        }
                    }
                    index++;
                }
                int rows = 0;
                try (ResultSet results = statement.executeQuery()) {
                    while (results.next()) {
                        rows++;
                    }
                }
                return rows;
            }
        }

        @Override
        public void close() throws SQLException {
            connection.rollback();
            connection.close();
        }
    }
}
