package io.procrastinate.benchmarks.driver;

import com.zaxxer.hikari.HikariDataSource;
import io.procrastinate.App;
import io.procrastinate.benchmarks.driver.RawStatements.Fetched;
import io.procrastinate.connector.Query;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import org.postgresql.PGConnection;
import org.postgresql.ds.PGSimpleDataSource;

/** The ceiling: the statements of this library in plain loops over pgjdbc. */
final class RawPgjdbcDriver implements Driver {

    private static final int POLL_MILLIS = 1_000;

    private final String url;
    private final boolean optimized;
    private final HikariDataSource pool;
    private final RawWorker worker = new RawWorker();

    RawPgjdbcDriver(String url, boolean optimized) {
        this.url = url;
        this.optimized = optimized;
        this.pool = Drivers.pool(Drivers.tunedDataSource(url));
    }

    @Override
    public void install() {
        try (App app = App.builder().url(url).build().open()) {
            app.schemaManager().apply();
            if (!optimized) {
                app.schemaManager().deoptimize();
            }
        }
    }

    @Override
    public void defer(long sent) throws SQLException {
        Query.Rendered query = RawStatements.DEFER.positional();
        try (Connection connection = pool.getConnection();
                PreparedStatement statement = connection.prepareStatement(query.sql())) {
            int index = 1;
            for (String parameter : query.parameters()) {
                switch (parameter) {
                    case "args" -> statement.setString(index, RawStatements.arguments(sent));
                    case "queue_name" -> statement.setString(index, "default");
                    case "task_name" -> statement.setString(index, "noop");
                    case "priority" -> statement.setInt(index, 0);
                    case "scheduled_at" -> statement.setNull(index, Types.TIMESTAMP_WITH_TIMEZONE);
                    case "delay_micros" -> statement.setNull(index, Types.BIGINT);
                    default -> statement.setNull(index, Types.VARCHAR);
                }
                index++;
            }
            ids(statement);
        }
    }

    @Override
    public void deferBatch(int size) throws SQLException {
        try (Connection connection = pool.getConnection();
                PreparedStatement statement = connection.prepareStatement(
                        RawStatements.DEFER_MANY.positional().sql())) {
            statement.setString(1, RawStatements.newJobs(size));
            if (ids(statement).size() != size) {
                throw new IllegalStateException("Not all jobs were deferred");
            }
        }
    }

    private static List<Long> ids(PreparedStatement statement) throws SQLException {
        List<Long> ids = new ArrayList<>();
        try (ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                ids.add(rows.getLong(1));
            }
        }
        return ids;
    }

    @Override
    public void startWorker(int concurrency, Listener listener) throws SQLException {
        PGSimpleDataSource source = Drivers.tunedDataSource(url);
        Connection fetching = source.getConnection();
        Connection finishing = source.getConnection();
        Connection listening = source.getConnection();
        long workerId = register(fetching);
        try (Statement listen = listening.createStatement()) {
            listen.execute("LISTEN procrastinate_any_queue_v1");
        }
        Query.Rendered fetch = RawStatements.fetch(optimized).positional();
        PreparedStatement fetchJobs = fetching.prepareStatement(fetch.sql());
        PreparedStatement finishJobs = finishing.prepareStatement(
                RawStatements.finish(optimized).positional().sql());
        worker.start(
                listener,
                () -> fetch(fetchJobs, fetch.parameters(), concurrency, workerId),
                jobs -> {
                    finishJobs.setString(1, RawStatements.results(jobs, workerId));
                    ids(finishJobs);
                },
                () -> listening.unwrap(PGConnection.class).getNotifications(POLL_MILLIS),
                List.of(() -> close(fetching), () -> close(finishing), () -> close(listening)));
    }

    private static void close(Connection connection) {
        try {
            connection.close();
        } catch (SQLException e) {
            throw new IllegalStateException("A connection does not close", e);
        }
    }

    private static long register(Connection connection) throws SQLException {
        try (PreparedStatement register =
                connection.prepareStatement(RawStatements.REGISTER.positional().sql())) {
            return ids(register).get(0);
        }
    }

    private static List<Fetched> fetch(PreparedStatement statement, List<String> parameters, int limit, long workerId)
            throws SQLException {
        int index = 1;
        for (String parameter : parameters) {
            switch (parameter) {
                case "limit" -> statement.setInt(index, limit);
                case "worker_id" -> statement.setLong(index, workerId);
                default -> statement.setNull(index, Types.ARRAY);
            }
            index++;
        }
        List<Fetched> jobs = new ArrayList<>(limit);
        try (ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                if (rows.getObject("id") != null) {
                    jobs.add(new Fetched(rows.getLong("id"), rows.getInt("attempts"), rows.getString("args")));
                }
            }
        }
        return jobs;
    }

    @Override
    public void stopWorker() {
        worker.stop();
    }

    @Override
    public void close() {
        stopWorker();
        pool.close();
    }
}
