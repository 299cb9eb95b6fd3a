package com.example.every;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.procrastinate.adapter.Connectors;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.testing.PostgresServer;
import io.procrastinate.worker.WorkerOptions;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.commons.dbcp2.BasicDataSource;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each connector works in a build that has all of them, with the versions that Maven chooses. */
class EveryConnectorTest {

    private final ConnectorSettings settings = PostgresServer.shared().administration();

    @ParameterizedTest
    @ValueSource(strings = {"vertx", "r2dbc", "pgjdbc", "pgjdbc-ng", "dbcp", "jdbc"})
    void runsAJob(String name) throws SQLException {
        assertThat(Connectors.names()).contains(name);
        List<String> ran = new ArrayList<>();
        try (BasicDataSource pool = pool();
                App app = App.builder()
                        .connector(Connectors.named(name, settings))
                        .build()) {
            if (name.equals("dbcp") || name.equals("jdbc")) {
                app.open(pool);
            } else {
                app.open();
            }
            if (!app.schemaManager().isApplied()) {
                app.schemaManager().apply();
            }
            app.task("greet").body((context, args) -> {
                ran.add(String.valueOf(args.get("name")));
                return null;
            });
            app.configureTask("greet").defer(Map.of("name", name));
            app.runWorker(WorkerOptions.builder()
                    .waitForJobs(false)
                    .installShutdownHook(false)
                    .build());
        }
        assertThat(ran).containsExactly(name);
    }

    private BasicDataSource pool() {
        BasicDataSource pool = new BasicDataSource();
        pool.setUrl("jdbc:postgresql://" + settings.host() + ":" + settings.port() + "/" + settings.database());
        pool.setUsername(settings.user());
        return pool;
    }
}
