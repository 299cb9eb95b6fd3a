package io.procrastinate.connector;

import io.procrastinate.exception.ConnectorException;
import java.time.Duration;
import java.util.List;

/** A connection that listens. It is used by one thread, but may be closed by any, which ends a wait. */
public interface ListenSession extends AutoCloseable {

    /**
     * Waits until at least one notification is there, but no longer than the time-out.
     *
     * @return the notifications in the order of their sending; empty when the time-out passed first
     * @throws ConnectorException when the connection is lost or closed
     */
    List<Notification> await(Duration timeout);

    /**
     * Asks the server for a sign of life, so that a half-open connection is found out. What it asks is
     * {@link io.procrastinate.driver.SignOfLife#QUESTION}, so that a server that is read-only now is found out, too.
     *
     * @param deadline how long to wait for the answer
     * @throws ConnectorException when the server does not answer in time, or {@link io.procrastinate.driver.SignOfLife#check} throws
     */
    void ping(Duration deadline);

    /** Closes the connection. Closing twice does nothing; it never throws and never waits for a dead server. */
    @Override
    void close();
}
