package io.procrastinate.connector.r2dbc;

import static io.procrastinate.connector.r2dbc.Database.await;
import static io.procrastinate.connector.r2dbc.Database.execute;
import static io.procrastinate.connector.r2dbc.Database.query;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.SharedPool;
import io.procrastinate.exception.ConnectorException;
import io.r2dbc.pool.ConnectionPool;
import io.r2dbc.pool.ConnectionPoolConfiguration;
import io.r2dbc.pool.PoolMetrics;
import io.r2dbc.postgresql.PostgresqlConnectionFactory;
import io.r2dbc.postgresql.client.SSLMode;
import io.r2dbc.spi.Connection;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.netty.resources.LoopResources;

/** What the application gives: a pool, a bare factory, a connection of a pool. */
class R2dbcPoolTest {

    private final LoopResources loops = LoopResources.create("application", 1, true);
    private final ConnectorSettings settings = Database.settings().build();
    private final PostgresqlConnectionFactory factory =
            new PostgresqlConnectionFactory(ServerOptions.connection(settings, SSLMode.DISABLE, false, loops));

    @AfterEach
    void endThreads() {
        await(loops.disposeLater().toFuture());
    }

    @Test
    void thePoolsSizeIsKnown() {
        withPool(4, (pool, connector) -> assertThat(connector.sharedPool()).hasValue(new SharedPool(4, true)));
    }

    @Test
    void aFactoryWithoutAPoolServesAsWell() {
        R2dbcConnector connector = R2dbcConnector.create(settings);
        await(connector.openAsync(factory));
        try {
            assertThat(execute(connector, "SELECT 1 AS one").get(0).integer("one"))
                    .isOne();
            assertThat(connector.sharedPool()).hasValue(new SharedPool(null, true));
        } finally {
            await(connector.closeAsync());
        }
    }

    @Test
    void aConnectionOfAPoolIsJoinedThroughItsWrapper() {
        withPool(2, (pool, connector) -> {
            Connection callers = required(pool.create());
            try {
                await(Mono.from(callers.beginTransaction()).toFuture());
                await(connector.execute(query("CREATE TABLE joined ()"), callers));
                await(Mono.from(callers.rollbackTransaction()).toFuture());
                assertThat(execute(connector, "SELECT to_regclass('joined')::text AS it")
                                .get(0)
                                .textOrNull("it"))
                        .isNull();
            } finally {
                await(Mono.from(callers.close()).toFuture());
            }
        });
    }

    @Test
    void aStatementThatDidNotEndInTimeCostsThePoolItsConnection() {
        withPool(1, (pool, connector) -> {
            int before =
                    execute(connector, "SELECT pg_backend_pid() AS pid").get(0).integer("pid");
            assertThatThrownBy(() -> await(connector.execute(query("SELECT pg_sleep(600)", Duration.ofMillis(50)))))
                    .isInstanceOfSatisfying(
                            ConnectorException.class,
                            failure -> assertThat(failure.sqlState()).isEqualTo("57014"));
            assertThat(execute(connector, "SELECT pg_backend_pid() AS pid")
                            .get(0)
                            .integer("pid"))
                    .isNotEqualTo(before);
            assertThat(pool.getMetrics().map(PoolMetrics::acquiredSize)).hasValue(0);
        });
    }

    @Test
    void whatIsNoConnectionOfTheDriverIsRefused() {
        R2dbcConnector connector = Database.opened(settings);
        try {
            assertThatThrownBy(() -> await(connector.execute(query("SELECT 1"), "a connection")))
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining("The connector 'r2dbc' executes on an io.r2dbc.spi.Connection");
        } finally {
            await(connector.closeAsync());
        }
    }

    @Test
    void quotesWithinEscapeStringsAreDoubledAndNothingElse() {
        assertThat(EscapeStrings.plain("SELECT E'\\'', e'a\\\\', 'b\\', $f$ E'\\'' $f$, \"E'\" -- E'\\'\n, E'\\n\\''"))
                .isEqualTo("SELECT E'''', e'a\\\\', 'b\\', $f$ E'\\'' $f$, \"E'\" -- E'\\'\n, E'\\n'''");
    }

    private void withPool(int size, PoolCheck check) {
        ConnectionPool pool = new ConnectionPool(ConnectionPoolConfiguration.builder(factory)
                .initialSize(0)
                .maxSize(size)
                .build());
        R2dbcConnector connector = R2dbcConnector.create(settings);
        await(connector.openAsync(pool));
        try {
            check.run(pool, connector);
        } finally {
            await(connector.closeAsync());
            await(pool.disposeLater().toFuture());
        }
    }

    private static <T> T required(Mono<T> answer) {
        @Nullable T value = await(answer.toFuture());
        if (value == null) {
            throw new AssertionError("There was no answer");
        }
        return value;
    }

    private interface PoolCheck {
        void run(ConnectionPool pool, R2dbcConnector connector);
    }
}
