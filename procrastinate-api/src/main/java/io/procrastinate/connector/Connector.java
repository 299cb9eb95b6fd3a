package io.procrastinate.connector;

import java.util.Optional;
import java.util.Set;

/**
 * A way to reach PostgreSQL: what {@link SyncConnector} and {@link AsyncConnector} have in common.
 *
 * <p>Connectors are thread-safe. A connector is created closed; nothing is sent before it is opened.
 */
public sealed interface Connector permits SyncConnector, AsyncConnector {

    /** The name under which the connector is chosen and reported, such as {@code pgjdbc}. */
    String name();

    /** What this connector can do. What is absent is refused with an exception that names this connector. */
    Set<Capability> capabilities();

    /**
     * Which connection parameters this connector honours when it opens a pool of its own. It refuses all others with an
     * exception that names this connector and the parameter. By default it honours none.
     */
    default ParameterSupport parameterSupport() {
        return ParameterSupport.NONE;
    }

    /** Whether the connector is open: it has been opened, and not closed since. */
    boolean isOpen();

    /**
     * Whether this connector can be opened with this pool of the application. Looks at the pool's class only: nothing
     * is sent. By default accepts every pool, if the {@linkplain Capability#CALLER_POOL capability} is present.
     */
    default boolean accepts(Object pool) {
        return capabilities().contains(Capability.CALLER_POOL);
    }

    /**
     * Returns the connector for blocking calls. A synchronous connector returns itself. An asynchronous one returns,
     * before it is opened, a real synchronous connector with the same settings (always the same one, until it is
     * opened), and once it is open, itself behind calls that wait:
     * {@link io.procrastinate.adapter.SyncCounterpart} makes both.
     */
    SyncConnector sync();

    /**
     * Whether the current thread is one that must never wait for this connector, such as an event loop of the driver.
     * Blocking calls on such a thread fail immediately, whether they would wait for the database or for another caller,
     * with {@link io.procrastinate.exception.BlockingNotAllowedException}.
     */
    boolean isOnNonBlockingThread();

    /**
     * Reserves a connection for one purpose, whose statements never wait for other users of the pool. Sends nothing,
     * and may be called before the connector is opened. The caller closes it; closing the connector ends its connection
     * too.
     */
    ReservedConnection reserve();

    /**
     * The application's pool with which the connector is open, as far as the connector knows it. Empty if the connector
     * is closed or has a pool of its own. Empty by default: then nothing warns of a pool that is too small.
     */
    default Optional<SharedPool> sharedPool() {
        return Optional.empty();
    }
}
