package io.procrastinate.connector;

import io.procrastinate.exception.ConnectorException;
import java.time.Duration;
import java.util.List;

/** A connection that listens. Only one thread uses it, but any thread may close it, which ends a wait. */
public interface ListenSession extends AutoCloseable {

    /**
     * Waits until at least one notification has arrived, but no longer than the time-out.
     *
     * @return the notifications in the order in which they were sent; empty if the time-out passed first
     * @throws ConnectorException if the connection is lost or closed
     */
    List<Notification> await(Duration timeout);

    /**
     * Asks the server for an answer, so that a half-open connection is detected. It executes
     * {@link io.procrastinate.driver.ListeningCheck#QUERY}, so that a server that has become read-only is detected,
     * too.
     *
     * @param deadline how long to wait for the answer
     * @throws ConnectorException if the server does not answer in time, or
     *     {@link io.procrastinate.driver.ListeningCheck#check} throws
     */
    void ping(Duration deadline);

    /** Closes the connection. Closing twice does nothing; it never throws and never waits for a dead server. */
    @Override
    void close();
}
