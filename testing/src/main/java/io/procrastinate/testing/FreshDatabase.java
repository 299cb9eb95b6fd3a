package io.procrastinate.testing;

import io.procrastinate.App;
import io.procrastinate.connector.ConnectorSettings;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.postgresql.ds.PGSimpleDataSource;

/** A database with an empty schema: a copy, made in milliseconds, of a template that is made once. */
final class FreshDatabase implements AutoCloseable {

    private static final AtomicLong NUMBER = new AtomicLong();
    private static final String PREFIX =
            "procrastinate_" + ProcessHandle.current().pid() + "_";

    private final String name;

    private FreshDatabase(String name) {
        this.name = name;
    }

    static FreshDatabase create() {
        String name = PREFIX + NUMBER.incrementAndGet();
        run(server(), "CREATE DATABASE " + name + " TEMPLATE " + Template.NAME);
        return new FreshDatabase(name);
    }

    ConnectorSettings settings() {
        return server().toBuilder().database(name).build();
    }

    /** Lets time pass for waiting jobs: they become due earlier by as much. */
    void advance(Duration step) {
        run(
                settings(),
                "UPDATE procrastinate_jobs SET scheduled_at = scheduled_at - ? * interval '1 microsecond'"
                        + " WHERE status = 'todo' AND scheduled_at IS NOT NULL",
                step.toNanos() / 1000);
    }

    @Override
    public void close() {
        run(server(), "DROP DATABASE " + name + " WITH (FORCE)");
    }

    private static ConnectorSettings server() {
        return PostgresServer.shared().administration();
    }

    private static void run(ConnectorSettings where, String sql, Object... parameters) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setServerNames(new String[] {where.host()});
        source.setPortNumbers(new int[] {where.port()});
        source.setDatabaseName(where.database());
        source.setUser(where.user());
        source.setPassword(where.password());
        source.setSslMode(where.sslMode());
        try (Connection connection = source.getConnection();
                PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int index = 0; index < parameters.length; index++) {
                statement.setObject(index + 1, parameters[index]);
            }
            statement.execute();
        } catch (SQLException e) {
            throw new IllegalStateException("The test's database server refused: " + sql, e);
        }
    }

    /** Created when the first database is requested. */
    private static final class Template {

        private static final String NAME = create();

        private static String create() {
            String name = PREFIX + "template";
            run(server(), "CREATE DATABASE " + name);
            ConnectorSettings settings = server().toBuilder().database(name).build();
            try (App app = App.create(settings).open()) {
                app.schemaManager().apply();
            }
            return name;
        }
    }
}
