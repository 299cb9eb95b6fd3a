package io.procrastinate.connector.vertx;

import io.procrastinate.connector.ConnectorSettings;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxException;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.pgclient.PgException;
import io.vertx.pgclient.SslMode;
import io.vertx.pgclient.spi.PgDriver;
import io.vertx.sqlclient.spi.ConnectionFactory;
import java.net.ConnectException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Makes connections to the server of the settings. Thread-safe. */
final class Dialer implements LinkSource {

    private final Vertx vertx;
    private final ConnectorSettings settings;
    private final List<SslMode> modes;
    /** What worked the last time is tried first. */
    private volatile int preferred;

    private volatile boolean closed;

    Dialer(Vertx vertx, ConnectorSettings settings) {
        this.vertx = vertx;
        this.settings = settings;
        this.modes = ServerOptions.sslModes(settings);
    }

    @Override
    public ConnectorSettings settings() {
        return settings;
    }

    @Override
    public String target() {
        return settings.target();
    }

    @Override
    public void close() {
        closed = true;
    }

    @Override
    public Future<Link> dial(Context context) {
        int first = preferred;
        int second = (first + 1) % modes.size();
        return Future.succeededFuture()
                .compose(nothing -> attempt(context, first))
                .recover(failure -> second != first && !closed && mayDiffer(failure)
                        ? attempt(context, second).onSuccess(link -> preferred = second)
                        : Future.failedFuture(failure))
                .recover(failure -> Future.failedFuture(
                        Failures.connecting(settings.target(), failure, settings.connectTimeout())));
    }

    private Future<Link> attempt(Context context, int mode) {
        ConnectionFactory<PgConnectOptions> sockets =
                PgDriver.INSTANCE.createConnectionFactory(vertx, ServerOptions.socket(settings));
        return sockets.connect(context, ServerOptions.connection(settings, modes.get(mode)))
                .map(connection -> new Link((PgConnection) connection, sockets))
                .timeout(Millis.of(settings.connectTimeout()), TimeUnit.MILLISECONDS)
                .onFailure(failure -> sockets.close((nothing, ignored) -> {
                    // The failure to connect is what counts.
                }));
    }

    /** Whether encryption may be what the server took offence at. */
    private static boolean mayDiffer(Throwable failure) {
        if (failure instanceof PgException refusal) {
            return "28000".equals(refusal.getSqlState());
        }
        return !(failure instanceof TimeoutException)
                && !(failure instanceof ConnectException)
                && !(failure instanceof VertxException && failure.getMessage() == null);
    }
}
