package io.procrastinate.connector;

/** A running {@link AsyncConnector#listen}. */
public interface Subscription extends AutoCloseable {

    /** Stops listening and releases the connection. Closing twice does nothing. It does not block, and never throws. */
    @Override
    void close();
}
