package io.procrastinate.connector.r2dbc;

import io.netty.channel.Channel;
import io.procrastinate.driver.ListeningCheck;
import io.r2dbc.postgresql.api.Notification;
import io.r2dbc.postgresql.api.PostgresqlConnection;
import io.r2dbc.spi.Connection;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;

/**
 * A connection of our own, whose sockets can be closed at any time, whatever it waits for; or one of the application's
 * pool, which closing returns. Thread-safe.
 */
final class Link {

    private static final Duration CANCEL_LIMIT = Duration.ofSeconds(5);

    private static final Logger LOGGER = LoggerFactory.getLogger(Link.class);

    private final Connection connection;
    private final PostgresqlConnection server;
    private final Disposable.Swap notifications = Disposables.swap();
    private final Runnable ending;
    private volatile Runnable onClosed = () -> {};
    private volatile boolean closed;

    /** A connection of our own. */
    Link(PostgresqlConnection connection, Sockets sockets) {
        this(connection, connection, () -> {
            // Says good-bye first, if the network takes it.
            connection
                    .close()
                    .subscribe(nothing -> {}, failure -> LOGGER.debug("Closing a connection failed", failure));
            sockets.close();
        });
        Channel socket = sockets.first();
        if (socket == null) {
            ended();
        } else {
            socket.closeFuture().addListener(gone -> ended());
        }
    }

    /** @param ending closes or returns the connection; it may be called several times */
    Link(Connection connection, PostgresqlConnection server, Runnable ending) {
        this.connection = connection;
        this.server = server;
        this.ending = ending;
    }

    private void ended() {
        close();
        onClosed.run();
    }

    Connection connection() {
        return connection;
    }

    PostgresqlConnection server() {
        return server;
    }

    /** Runs an action once the connection is closed for any reason; the action may run twice, and immediately. */
    void onClosed(Runnable action) {
        onClosed = action;
        if (closed) {
            action.run();
        }
    }

    boolean isClosed() {
        return closed;
    }

    /** Executes the smallest statement; the future fails if there is no answer within the limit. */
    static Future<Answers> ping(Connection connection, Duration limit) {
        return Answers.execute(connection.createStatement("SELECT 1")).timeout(limit);
    }

    /** Sends the question for listening connections; the future fails if the server is silent or read-only. */
    Future<@Nullable Void> askForSignOfLife() {
        return Answers.execute(connection.createStatement(ListeningCheck.QUERY))
                .timeout(ListeningCheck.LIMIT)
                .map(answer -> {
                    ListeningCheck.check(answer.rows().get(0).textOrNull("current_setting"));
                    return null;
                });
    }

    /** Receives notifications from now on, and is told once when no more can come. */
    void listenTo(Consumer<Notification> listener, Runnable ended) {
        onClosed(ended);
        notifications.update(server.getNotifications().subscribe(listener, failure -> ended.run(), ended));
    }

    /** Closes the sockets, so that whatever waits for them fails; or returns the connection. */
    void close() {
        closed = true;
        notifications.dispose();
        ending.run();
    }

    /** Asks the server to stop the running statement, if it is still reachable, then closes. */
    void cancelAndClose() {
        closed = true;
        Future.of(server.cancelRequest()).timeout(CANCEL_LIMIT).onComplete((sent, failure) -> close());
    }
}
