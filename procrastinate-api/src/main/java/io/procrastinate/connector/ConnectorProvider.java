package io.procrastinate.connector;

/**
 * Registers a connector. An implementation has a public constructor without parameters and is listed in
 * {@code META-INF/services} (or in a module's {@code provides}); each connector's jar registers exactly one. Creating a
 * provider and asking for its name must neither load the driver nor open anything, so that a broken driver is reported
 * by {@link #create} and hides no other connector.
 */
public interface ConnectorProvider {

    /** The name by which the connector is chosen: lower-case letters, digits and hyphens. */
    String name();

    /** Which of the two kinds {@link #create} returns. */
    Kind kind();

    /** Among connectors of the same kind, the one with the greatest priority is chosen. */
    default int priority() {
        return 0;
    }

    /** Creates a closed connector. Nothing is sent and no thread is started before it is opened. */
    Connector create(ConnectorSettings settings);

    /** The two kinds of connectors, the better one for automatic selection first. */
    enum Kind {
        /** {@link #create} returns an {@link AsyncConnector}. */
        ASYNCHRONOUS,
        /** {@link #create} returns a {@link SyncConnector}. */
        SYNCHRONOUS
    }
}
