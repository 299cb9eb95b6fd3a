package io.procrastinate.benchmarks.driver;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.procrastinate.connector.ServerVariables;
import io.procrastinate.driver.SessionSettings;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.postgresql.ds.PGSimpleDataSource;

/** The queues that can be measured in Java. */
final class Drivers {

    /** The size of the pools of all drivers. */
    static final int POOL_SIZE = 10;

    private Drivers() {}

    /**
     * A name is that of a queue or connector; the suffix {@code @python} asks for the schema as Python creates it,
     * {@code +local-queue} for a worker that fetches ahead. {@code +logs} is a matter of the process.
     */
    static Driver named(String name, String url) throws Exception {
        int at = name.indexOf('@');
        boolean optimized = at < 0;
        String system = optimized ? name : name.substring(0, at);
        return switch (system) {
            case "raw-pgjdbc" -> new RawPgjdbcDriver(url, optimized);
            case "raw-vertx" -> new RawVertxDriver(url, optimized);
            case "db-scheduler" -> new DbSchedulerDriver(url);
            case "jobrunr" -> new JobRunrDriver(url);
            case "quartz" -> new QuartzDriver(url);
            default -> {
                int plus = system.indexOf('+');
                String connector = plus < 0 ? system : system.substring(0, plus);
                yield new ProcrastinateDriver(connector, url, optimized, system.endsWith("+local-queue"));
            }
        };
    }

    /** A data source without a pool. */
    static PGSimpleDataSource dataSource(String url) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl("jdbc:" + url);
        return source;
    }

    /** As {@link #dataSource}, with the session settings that the connectors ask for. */
    static PGSimpleDataSource tunedDataSource(String url) {
        PGSimpleDataSource source = dataSource(url);
        source.setOptions(ServerVariables.options(SessionSettings.parameters()));
        return source;
    }

    static HikariDataSource pool(PGSimpleDataSource source) {
        HikariConfig config = new HikariConfig();
        config.setDataSource(source);
        config.setMaximumPoolSize(POOL_SIZE);
        return new HikariDataSource(config);
    }

    static void runScript(String url, String script) throws SQLException {
        try (Connection connection = dataSource(url).getConnection();
                Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            statement.execute(script);
        }
    }
}
