package io.procrastinate.connector.vertx;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.driver.SessionSettings;
import io.procrastinate.driver.StartupRefusal;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes connections to the server of the settings. Thread-safe. */
final class Dialer implements LinkSource {

    private static final Logger LOGGER = LoggerFactory.getLogger(Dialer.class);

    private final Vertx vertx;
    private final ConnectorSettings settings;
    private final List<SslMode> modes;
    /** What worked the last time is tried first. */
    private volatile int preferred;

    /** Whether to leave out our own session settings. */
    private volatile boolean plain;

    private volatile boolean closed;

    Dialer(Vertx vertx, ConnectorSettings settings) {
        this.vertx = vertx;
        this.settings = settings;
        this.modes = ServerOptions.sslModes(settings);
        this.plain = !settings.preparedStatements();
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
                .recover(failure -> Future.failedFuture(refused(failure)));
    }

    private RuntimeException refused(Throwable failure) {
        return failure instanceof PgException refusal
                ? StartupRefusal.exception(
                        "Connecting to " + settings.target(),
                        settings,
                        refusal.getSqlState(),
                        refusal.getErrorMessage(),
                        refusal)
                : Failures.connecting(settings.target(), failure, settings.connectTimeout());
    }

    /** Behind a pooler that refuses our own session settings, connects without them. */
    private Future<Link> attempt(Context context, int mode) {
        if (plain) {
            return attempt(context, mode, true);
        }
        return attempt(context, mode, false).recover(failure -> {
            if (closed || !isOfPooler(failure)) {
                return Future.failedFuture(failure);
            }
            return attempt(context, mode, true).onSuccess(link -> {
                plain = true;
                LOGGER.info(
                        "The pooler at {} refuses start-up parameters ({}): its connections go without {}, with"
                                + " which the server plans better. Set these for the role if you can (ALTER ROLE ..."
                                + " SET ...)",
                        settings.target(),
                        failure.getMessage(),
                        SessionSettings.parameters());
            });
        });
    }

    private Future<Link> attempt(Context context, int mode, boolean withoutWishes) {
        ConnectionFactory<PgConnectOptions> sockets =
                PgDriver.INSTANCE.createConnectionFactory(vertx, ServerOptions.socket(settings));
        return sockets.connect(context, ServerOptions.connection(settings, modes.get(mode), withoutWishes))
                .map(connection -> new Link((PgConnection) connection, sockets))
                .timeout(Millis.of(settings.connectTimeout()), TimeUnit.MILLISECONDS)
                .onFailure(failure -> sockets.close((nothing, ignored) -> {
                    // The failure to connect is the one to report.
                }));
    }

    private static boolean isOfPooler(Throwable failure) {
        return failure instanceof PgException refusal
                && StartupRefusal.isOfPooler(refusal.getSqlState(), refusal.getErrorMessage());
    }

    /** Whether encryption may be the reason for the refusal. */
    private static boolean mayDiffer(Throwable failure) {
        if (failure instanceof PgException refusal) {
            return "28000".equals(refusal.getSqlState());
        }
        return !(failure instanceof TimeoutException)
                && !(failure instanceof ConnectException)
                && !(failure instanceof VertxException && failure.getMessage() == null);
    }
}
