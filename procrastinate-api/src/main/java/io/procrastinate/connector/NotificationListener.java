package io.procrastinate.connector;

import io.procrastinate.exception.ConnectorException;

/**
 * Receives the events of a {@link Subscription}. Its methods are called one at a time, never concurrently; they must
 * return quickly, never block and never throw. If one of them throws nevertheless, the connector continues to deliver
 * and to reconnect.
 */
public interface NotificationListener {

    /**
     * The connection is listening now, for the first time or again. Notifications sent while it was not listening are
     * lost, so look for work once.
     */
    void onListening();

    /** A notification arrived. */
    void onNotification(Notification notification);

    /**
     * The connection was lost or could not be made; the connector tries again on its own.
     *
     * @param cause why
     */
    void onLost(ConnectorException cause);
}
