package io.procrastinate.connector;

import io.procrastinate.exception.ConnectorException;

/**
 * Hears what happens to a {@link Subscription}. Its methods are called one at a time, never at the same time; they must
 * return quickly, never block and never throw. What one of them throws all the same ends nothing: the connector goes on
 * delivering, and connecting again.
 */
public interface NotificationListener {

    /**
     * The connection listens now: for the first time or again. Whatever was notified while it did not has been missed, so
     * look for work once.
     */
    void onListening();

    /** A notification arrived. */
    void onNotification(Notification notification);

    /**
     * The connection was lost or could not be made; another attempt follows by itself.
     *
     * @param cause why
     */
    void onLost(ConnectorException cause);
}
