package io.procrastinate.connector.r2dbc;

import io.r2dbc.postgresql.api.PostgresqlConnection;
import io.r2dbc.spi.Connection;
import java.time.Duration;

/** The source of connections for queries: our own pool, or the application's. Thread-safe. */
interface Connections {

    /** Takes a connection for one statement, within the limit; failures are our own exceptions. */
    Future<Lease> take(Duration limit);

    /** Closes our own connections. Waiting calls fail. */
    void close();

    /** A connection on loan; it ends with exactly one of the two ways to return it. */
    interface Lease {

        Connection connection();

        /** The driver's own connection, perhaps behind that one. */
        PostgresqlConnection server();

        /** Returns a connection that can be reused; the future completes when it is back. */
        Future<?> giveBack();

        /**
         * Returns a connection that must not be used again; the future completes when it no longer counts, or soon
         * after.
         *
         * @param running the statement that was started on it and may still be running
         */
        Future<?> throwAway(Future<?> running);
    }
}
