package io.procrastinate.connector.vertx;

import static io.procrastinate.connector.vertx.Database.await;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.tck.CallerConnection;
import io.procrastinate.tck.ConnectorTck;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnection;
import io.vertx.pgclient.SslMode;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;

class VertxConnectorTck extends ConnectorTck {

    private static final Vertx APPLICATIONS = Vertx.vertx();

    VertxConnectorTck() {
        super("vertx");
    }

    @AfterAll
    static void closeApplication() {
        of(APPLICATIONS.close());
    }

    @Override
    protected Object openPool(ConnectorSettings settings) {
        return PgBuilder.pool()
                .with(new PoolOptions().setMaxSize(settings.poolSize()))
                .connectingTo(ServerOptions.connection(settings, SslMode.DISABLE, false))
                .using(APPLICATIONS)
                .build();
    }

    @Override
    protected void closePool(Object pool) {
        of(((Pool) pool).close());
    }

    @Override
    protected CallerConnection openCallerConnection(ConnectorSettings settings) {
        return new VertxCallerConnection(
                of(PgConnection.connect(APPLICATIONS, ServerOptions.connection(settings, SslMode.DISABLE, false))));
    }

    private static <T> T of(Future<T> future) {
        return await(future.toCompletionStage());
    }

    /**
     * Transactions in SQL: the driver's own {@code Transaction} rolls back when a statement fails, which would hide
     * that the connector leaves this to the caller.
     */
    private static final class VertxCallerConnection implements CallerConnection {

        private final PgConnection connection;

        VertxCallerConnection(PgConnection connection) {
            this.connection = connection;
            run("BEGIN");
        }

        @Override
        public Object connection() {
            return connection;
        }

        @Override
        public void run(String sql) {
            of(connection.query(sql).execute());
        }

        @Override
        public @Nullable String ask(String sql) {
            Object value = of(connection.query(sql).execute()).iterator().next().getValue(0);
            return value == null ? null : value.toString();
        }

        @Override
        public void commit() {
            run("COMMIT");
            run("BEGIN");
        }

        @Override
        public void rollback() {
            run("ROLLBACK");
            run("BEGIN");
        }

        @Override
        public void close() {
            of(connection.close());
        }
    }
}
