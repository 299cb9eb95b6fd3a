package io.procrastinate.adapter;

import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.SyncConnector;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The synchronous counterpart of an asynchronous connector, as {@link Connector#sync()} describes it. A natively
 * asynchronous connector holds one of these, implements {@code sync()} with {@link #get()}, and calls {@link #drop()}
 * when it is opened and when it is closed. Thread-safe.
 */
public final class SyncCounterpart {

    private static final Logger LOGGER = LoggerFactory.getLogger(SyncCounterpart.class);

    private final AsyncConnector connector;
    private final ConnectorSettings settings;
    private final Supplier<AsyncConnector> anotherInstance;
    private @Nullable SyncConnector beforeOpening;

    /**
     * @param connector whose counterpart this is
     * @param settings its settings
     * @param anotherInstance makes a second, closed connector of the same kind and settings, used if the class path has
     *     no synchronous connector
     */
    public SyncCounterpart(
            AsyncConnector connector, ConnectorSettings settings, Supplier<AsyncConnector> anotherInstance) {
        this.connector = connector;
        this.settings = settings;
        this.anotherInstance = anotherInstance;
    }

    /**
     * Returns the current counterpart: the blocking view of an open connector, else a separate connector, which refuses
     * the threads and the pools that the asynchronous one would refuse.
     */
    public synchronized SyncConnector get() {
        if (connector.isOpen()) {
            return new BlockingConnector(connector, settings);
        }
        SyncConnector counterpart = beforeOpening;
        if (counterpart == null) {
            counterpart = Connectors.bestSynchronous(settings)
                    .<SyncConnector>map(found -> new StandIn(found, connector))
                    .orElseGet(() -> new BlockingConnector(anotherInstance.get(), settings));
            LOGGER.debug(
                    "The connector '{}' is not open: blocking calls use the connector '{}'",
                    connector.name(),
                    counterpart.name());
            beforeOpening = counterpart;
        }
        return counterpart;
    }

    /**
     * Closes the connector that was made before opening, if there is one. Closing blocks: call this on a thread of its
     * own, neither on a thread of the driver, where it may fail with
     * {@link io.procrastinate.exception.BlockingNotAllowedException}, nor before a stage is returned.
     */
    public void drop() {
        SyncConnector counterpart;
        synchronized (this) {
            counterpart = beforeOpening;
            beforeOpening = null;
        }
        if (counterpart != null) {
            LOGGER.debug("Closing the synchronous connector '{}', no longer needed", counterpart.name());
            counterpart.close();
        }
    }
}
