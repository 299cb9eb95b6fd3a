package io.procrastinate.connector.r2dbc;

import io.netty.channel.ConnectTimeoutException;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.driver.SessionSettings;
import io.procrastinate.driver.StartupRefusal;
import io.r2dbc.postgresql.PostgresqlConnectionFactory;
import io.r2dbc.postgresql.api.ErrorDetails;
import io.r2dbc.postgresql.api.PostgresqlConnection;
import io.r2dbc.postgresql.client.SSLMode;
import java.net.ConnectException;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.netty.resources.LoopResources;

/** Makes connections to the server of the settings. Thread-safe. */
final class Dialer implements LinkSource {

    private static final Logger LOGGER = LoggerFactory.getLogger(Dialer.class);

    private final LoopResources loops;
    private final ConnectorSettings settings;
    private final List<SSLMode> modes;
    private final Set<Sockets> attempts = ConcurrentHashMap.newKeySet();
    /** What worked the last time is tried first. */
    private volatile int preferred;

    /** Whether to leave out our own session settings. */
    private volatile boolean plain;

    private volatile boolean closed;

    Dialer(LoopResources loops, ConnectorSettings settings) {
        this.loops = loops;
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
        attempts.forEach(Sockets::close);
    }

    @Override
    public Future<Link> dial() {
        int first = preferred;
        int second = (first + 1) % modes.size();
        return attempt(first)
                .recover(failure -> second != first && !closed && mayDiffer(failure)
                        ? attempt(second).onSuccess(link -> preferred = second)
                        : Future.failed(failure))
                .recover(failure -> Future.failed(refused(failure)));
    }

    private RuntimeException refused(Throwable failure) {
        ErrorDetails refusal = Failures.refusal(failure);
        return refusal != null
                ? StartupRefusal.exception(
                        "Connecting to " + settings.target(),
                        settings,
                        refusal.getCode(),
                        refusal.getMessage(),
                        failure)
                : Failures.connecting(settings.target(), failure, settings.connectTimeout());
    }

    /** Behind a pooler that refuses our own session settings, connects without them. */
    private Future<Link> attempt(int mode) {
        if (plain) {
            return attempt(mode, true);
        }
        return attempt(mode, false).recover(failure -> {
            if (closed || !isOfPooler(failure)) {
                return Future.failed(failure);
            }
            return attempt(mode, true).onSuccess(link -> {
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

    private Future<Link> attempt(int mode, boolean withoutWishes) {
        Sockets sockets = new Sockets(loops);
        attempts.add(sockets);
        Promise<@Nullable PostgresqlConnection> made = new Promise<>();
        try {
            PostgresqlConnectionFactory factory = new PostgresqlConnectionFactory(
                    ServerOptions.connection(settings, modes.get(mode), withoutWishes, sockets));
            Future.ask(factory.create(), made);
        } catch (RuntimeException e) {
            made.fail(e);
        }
        return made.future()
                .timeout(settings.connectTimeout())
                .map(connection -> new Link(Objects.requireNonNull(connection), sockets))
                .onComplete((link, failure) -> {
                    attempts.remove(sockets);
                    if (failure != null) {
                        sockets.close();
                    } else if (closed && link != null) {
                        link.close();
                    }
                });
    }

    private static boolean isOfPooler(Throwable failure) {
        ErrorDetails refusal = Failures.refusal(failure);
        return refusal != null && StartupRefusal.isOfPooler(refusal.getCode(), refusal.getMessage());
    }

    /** Whether encryption may be the reason for the refusal. */
    private static boolean mayDiffer(Throwable failure) {
        ErrorDetails refusal = Failures.refusal(failure);
        if (refusal != null) {
            return "28000".equals(refusal.getCode());
        }
        Throwable cause = failure.getCause() == null ? failure : failure.getCause();
        return !(failure instanceof TimeoutException)
                && !(cause instanceof ConnectException)
                && !(cause instanceof ConnectTimeoutException);
    }
}
