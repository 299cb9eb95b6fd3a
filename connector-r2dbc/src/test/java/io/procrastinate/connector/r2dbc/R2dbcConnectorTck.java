package io.procrastinate.connector.r2dbc;

import static io.procrastinate.connector.r2dbc.Database.await;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.tck.CallerConnection;
import io.procrastinate.tck.ConnectorTck;
import io.r2dbc.pool.ConnectionPool;
import io.r2dbc.pool.ConnectionPoolConfiguration;
import io.r2dbc.postgresql.PostgresqlConnectionFactory;
import io.r2dbc.postgresql.api.PostgresqlConnection;
import io.r2dbc.postgresql.client.SSLMode;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.resources.LoopResources;

class R2dbcConnectorTck extends ConnectorTck {

    private static final LoopResources APPLICATIONS = LoopResources.create("application", 2, true);

    R2dbcConnectorTck() {
        super("r2dbc");
    }

    @AfterAll
    static void closeApplication() {
        of(APPLICATIONS.disposeLater());
    }

    @Override
    protected Set<String> sharedThreads() {
        return Set.of("parallel-", "boundedElastic-", "reactor-tcp-");
    }

    @Override
    protected Object openPool(ConnectorSettings settings) {
        return new ConnectionPool(ConnectionPoolConfiguration.builder(factory(settings))
                .initialSize(0)
                .maxSize(settings.poolSize())
                .build());
    }

    private static PostgresqlConnectionFactory factory(ConnectorSettings settings) {
        return new PostgresqlConnectionFactory(
                ServerOptions.connection(settings, SSLMode.DISABLE, false, APPLICATIONS));
    }

    @Override
    protected void closePool(Object pool) {
        of(((ConnectionPool) pool).disposeLater());
    }

    @Override
    protected CallerConnection openCallerConnection(ConnectorSettings settings) {
        PostgresqlConnection connection = of(factory(settings).create());
        return new R2dbcCallerConnection(Objects.requireNonNull(connection));
    }

    private static <T> @Nullable T of(Publisher<T> publisher) {
        return await(Mono.from(publisher).toFuture());
    }

    private record R2dbcCallerConnection(PostgresqlConnection connection) implements CallerConnection {

        R2dbcCallerConnection {
            of(connection.beginTransaction());
        }

        @Override
        public void run(String sql) {
            of(Flux.from(connection.createStatement(sql).execute())
                    .concatMap(result -> result.getRowsUpdated())
                    .then());
        }

        @Override
        public @Nullable String ask(String sql) {
            return Objects.requireNonNull(of(Flux.from(
                                    connection.createStatement(sql).execute())
                            .concatMap(result ->
                                    result.map((row, metadata) -> Optional.ofNullable(row.get(0, String.class))))
                            .next()))
                    .orElse(null);
        }

        @Override
        public void commit() {
            of(connection.commitTransaction());
            of(connection.beginTransaction());
        }

        @Override
        public void rollback() {
            of(connection.rollbackTransaction());
            of(connection.beginTransaction());
        }

        @Override
        public void close() {
            of(connection.close());
        }
    }
}
