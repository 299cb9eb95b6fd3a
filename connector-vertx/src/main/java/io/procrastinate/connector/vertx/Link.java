package io.procrastinate.connector.vertx;

import io.procrastinate.driver.ListeningCheck;
import io.vertx.core.Future;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.spi.ConnectionFactory;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection of our own, with a socket factory of its own, so that it can be closed at any time, whatever it waits
 * for; or one of the application's pool, which closing returns. Thread-safe.
 */
final class Link {

    private static final Duration CANCEL_LIMIT = Duration.ofSeconds(5);

    private static final Logger LOGGER = LoggerFactory.getLogger(Link.class);

    private final PgConnection connection;
    private final Runnable ending;
    private final CommitWatch commits;
    private volatile Runnable onClosed = () -> {};
    private volatile boolean closed;

    /** Called on the connection's event loop, so that no closing is missed. */
    Link(PgConnection connection, ConnectionFactory<?> sockets) {
        this(
                connection,
                () -> sockets.close((nothing, failure) -> {
                    if (failure != null) {
                        LOGGER.debug("Closing a connection failed", failure);
                    }
                }));
    }

    /** @param ending closes or returns the connection; it may be called several times */
    Link(PgConnection connection, Runnable ending) {
        this.connection = connection;
        this.ending = ending;
        // By default the driver prints these; the statement or the closing that follows reports them too.
        connection.exceptionHandler(failure -> LOGGER.debug("A connection failed", failure));
        this.commits = new CommitWatch(connection);
        connection.closeHandler(nothing -> {
            close();
            onClosed.run();
        });
    }

    PgConnection connection() {
        return connection;
    }

    CommitWatch commits() {
        return commits;
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

    /** Executes the statement of {@link ListeningCheck}; the future fails if the check does. */
    Future<?> ping(Duration limit) {
        return connection.query("SELECT 1").execute().timeout(Millis.of(limit), TimeUnit.MILLISECONDS);
    }

    /** Sends the question for listening connections; the future fails if the server is silent or read-only. */
    Future<?> askForSignOfLife() {
        return connection
                .query(ListeningCheck.QUERY)
                .execute()
                .timeout(Millis.of(ListeningCheck.LIMIT), TimeUnit.MILLISECONDS)
                .map(rows -> {
                    ListeningCheck.check(rows.iterator().next().getString(0));
                    return rows;
                });
    }

    /** Closes the sockets, so that whatever waits for them fails; or returns the connection. */
    void close() {
        closed = true;
        ending.run();
    }

    /** Asks the server to stop the running statement, if it is still reachable, then closes. */
    void cancelAndClose() {
        closed = true;
        connection
                .cancelRequest()
                .timeout(Millis.of(CANCEL_LIMIT), TimeUnit.MILLISECONDS)
                .onComplete(sentOrNot -> close());
    }
}
