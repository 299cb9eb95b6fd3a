package io.procrastinate.connector.vertx;

import io.vertx.core.Future;
import io.vertx.pgclient.PgConnection;
import java.time.Duration;

/** The source of connections for queries: our own pool, or the application's. Thread-safe. */
interface Connections {

    /** Takes a connection for one statement, within the limit; failures are our own exceptions. */
    Future<Lease> take(Duration limit);

    /** Closes our own connections. Waiting calls fail. */
    void close();

    /** A connection on loan; it ends with exactly one of the two ways to return it. */
    interface Lease {

        PgConnection connection();

        /** The server's notices. */
        CommitWatch commits();

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
