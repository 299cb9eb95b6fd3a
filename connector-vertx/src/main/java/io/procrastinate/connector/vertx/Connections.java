package io.procrastinate.connector.vertx;

import io.vertx.core.Future;
import io.vertx.pgclient.PgConnection;
import java.time.Duration;

/** Where queries get their connections: our own pool, or the application's. Thread-safe. */
interface Connections {

    /** A connection for one statement, at the latest within the limit; a failure is one of ours. */
    Future<Lease> take(Duration limit);

    /** Closes what is our own. Whoever waits fails. */
    void close();

    /** A connection on loan; it ends with exactly one of the two ways to return it. */
    interface Lease {

        PgConnection connection();

        /** What the server says beside the rows. */
        CommitWatch commits();

        /** Returns a connection that is as good as before; the future ends when it is back. */
        Future<?> giveBack();

        /**
         * Returns a connection that nobody should use again; the future ends when it no longer counts, or soon after.
         *
         * @param running the statement that was started on it, and that may still be running
         */
        Future<?> throwAway(Future<?> running);
    }
}
