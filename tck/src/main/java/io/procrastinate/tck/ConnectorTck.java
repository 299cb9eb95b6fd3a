package io.procrastinate.tck;

import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorProvider;
import io.procrastinate.connector.ConnectorSettings;
import java.sql.SQLException;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The contract of a connector. A subclass names the connector's provider, or creates the connector itself, and inherits
 * all tests:
 *
 * <pre>{@code
 * class AcmeConnectorTck extends ConnectorTck {
 *     AcmeConnectorTck() {
 *         super("acme");
 *     }
 * }
 * }</pre>
 *
 * <p>Each nested class is one theme. Most themes run twice: through blocking calls and through stages, whatever the
 * connector's kind. Absent {@link Connector#capabilities()} are not skipped: their refusal is asserted.
 *
 * <p>Each test has a database of its own and looks at nothing else, so tests may run side by side: they do if JUnit's
 * parallel execution is switched on.
 *
 * <p>The hooks below have defaults that suit a JDBC connector; other connectors override those of the capabilities that
 * they declare.
 */
@Execution(ExecutionMode.CONCURRENT)
public abstract class ConnectorTck {

    private final String name;

    /**
     * For a connector whose provider is on the class path.
     *
     * @param name the provider's {@link ConnectorProvider#name()}
     */
    protected ConnectorTck(String name) {
        this.name = name;
    }

    /** For a connector that {@link #create} makes. */
    protected ConnectorTck() {
        this.name = "";
    }

    /**
     * Makes a new, closed connector. Called several times in a test. By default the provider that the constructor named
     * makes it.
     *
     * @throws IllegalStateException by default, if the constructor named none, or not exactly one is found
     */
    protected Connector create(ConnectorSettings settings) {
        if (name.isEmpty()) {
            throw new IllegalStateException(getClass().getName()
                    + " says neither how to make the connector nor what it is called. Override create(settings), or"
                    + " call super(\"its name\") in the constructor.");
        }
        List<ConnectorProvider> providers = ServiceLoader.load(ConnectorProvider.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(provider -> provider.name().equals(name))
                .toList();
        if (providers.size() != 1) {
            throw new IllegalStateException("There are " + providers.size() + " providers named '" + name
                    + "'. The connector's META-INF/services/" + ConnectorProvider.class.getName()
                    + " must name one.");
        }
        return providers.get(0).create(settings);
    }

    /**
     * Opens a pool of the application, of the kind that the connector takes, with no more connections than
     * {@link ConnectorSettings#poolSize()}. By default a {@link javax.sql.DataSource} over pgjdbc, which opens a
     * connection for each call. Needed for {@link io.procrastinate.connector.Capability#CALLER_POOL}.
     */
    protected Object openPool(ConnectorSettings settings) {
        return new ApplicationDataSource(settings);
    }

    /** Closes a pool that {@link #openPool} opened. By default one that is {@link AutoCloseable} is closed. */
    protected void closePool(Object pool) throws Exception {
        if (pool instanceof AutoCloseable closeable) {
            closeable.close();
        }
    }

    /**
     * Opens a connection of the application, of the kind that the connector joins. By default a
     * {@link java.sql.Connection} of pgjdbc. Needed for
     * {@link io.procrastinate.connector.Capability#CALLER_CONNECTION}.
     */
    protected CallerConnection openCallerConnection(ConnectorSettings settings) {
        try {
            return new JdbcCallerConnection(TestDatabase.dataSource(settings).getConnection());
        } catch (SQLException e) {
            throw new IllegalStateException("There is no connection for the application", e);
        }
    }

    /**
     * Prefixes of the names of threads that the driver starts once for the whole JVM: the connector need not end these.
     * The kit already knows those of pgjdbc, Netty, Commons Pool and the JDK; by default there are no others.
     */
    protected Set<String> sharedThreads() {
        return Set.of();
    }

    /** Opening, closing, and what is left behind. */
    @Nested
    @ParameterizedClass(name = "{0}")
    @EnumSource
    final class Lifecycle extends LifecycleContract {
        Lifecycle(Calls calls) {
            super(ConnectorTck.this, calls);
        }
    }

    /** Statements and their rows. */
    @Nested
    @ParameterizedClass(name = "{0}")
    @EnumSource
    final class Queries extends QueryContract {
        Queries(Calls calls) {
            super(ConnectorTck.this, calls);
        }
    }

    /** Values in and out. */
    @Nested
    @ParameterizedClass(name = "{0}")
    @EnumSource
    final class Types extends TypesContract {
        Types(Calls calls) {
            super(ConnectorTck.this, calls);
        }
    }

    /** How failures are reported. */
    @Nested
    @ParameterizedClass(name = "{0}")
    @EnumSource
    final class Errors extends ErrorsContract {
        Errors(Calls calls) {
            super(ConnectorTck.this, calls);
        }
    }

    /** Statements on a connection of the caller. */
    @Nested
    @ParameterizedClass(name = "{0}")
    @EnumSource
    final class Transactions extends TransactionContract {
        Transactions(Calls calls) {
            super(ConnectorTck.this, calls);
        }
    }

    /** Scripts of several statements. */
    @Nested
    @ParameterizedClass(name = "{0}")
    @EnumSource
    final class Scripts extends ScriptContract {
        Scripts(Calls calls) {
            super(ConnectorTck.this, calls);
        }
    }

    /** Failing to open, and opening on many threads. */
    @Nested
    @ParameterizedClass(name = "{0}")
    @EnumSource
    final class Opening extends OpeningContract {
        Opening(Calls calls) {
            super(ConnectorTck.this, calls);
        }
    }

    /** What each setting means. */
    @Nested
    @ParameterizedClass(name = "{0}")
    @EnumSource
    final class Settings extends SettingsContract {
        Settings(Calls calls) {
            super(ConnectorTck.this, calls);
        }
    }

    /** Parameters of connections, and variables of the server. */
    @Nested
    @ParameterizedClass(name = "{0}")
    @EnumSource
    final class Parameters extends ParametersContract {
        Parameters(Calls calls) {
            super(ConnectorTck.this, calls);
        }
    }

    /** Lost connections, restarts, a broken network. */
    @Nested
    @ParameterizedClass(name = "{0}")
    @EnumSource
    final class Faults extends FaultContract {
        Faults(Calls calls) {
            super(ConnectorTck.this, calls);
        }
    }

    /** Connections that are reserved for one purpose. */
    @Nested
    @ParameterizedClass(name = "{0}")
    @EnumSource
    final class Reserving extends ReservationContract {
        Reserving(Calls calls) {
            super(ConnectorTck.this, calls);
        }
    }

    /** Notifications of a subscription. */
    @Nested
    final class Notifications extends NotificationContract {
        Notifications() {
            super(ConnectorTck.this);
        }
    }

    /** Subscriptions whose connection is lost. */
    @Nested
    final class Reconnecting extends ReconnectContract {
        Reconnecting() {
            super(ConnectorTck.this);
        }
    }

    /** The connection on which a synchronous connector listens. */
    @Nested
    final class Sessions extends SessionContract {
        Sessions() {
            super(ConnectorTck.this);
        }
    }

    /** Blocking calls and stages of one connector. */
    @Nested
    final class SyncAndAsync extends SyncAsyncContract {
        SyncAndAsync() {
            super(ConnectorTck.this);
        }
    }

    /** Finding the connector by its name. */
    @Nested
    final class Discovery extends DiscoveryContract {
        Discovery() {
            super(ConnectorTck.this);
        }
    }

    /** Jobs of an app. */
    @Nested
    @ParameterizedClass(name = "{0}")
    @EnumSource
    final class Jobs extends JobContract {
        Jobs(Calls calls) {
            super(ConnectorTck.this, calls);
        }
    }

    /** Concurrent deferrals of an app. */
    @Nested
    @ParameterizedClass(name = "{0}")
    @EnumSource
    final class SharedDefers extends SharedDeferContract {
        SharedDefers(Calls calls) {
            super(ConnectorTck.this, calls);
        }
    }

    /** Workers of an app. */
    @Nested
    final class Workers extends WorkerContract {
        Workers() {
            super(ConnectorTck.this);
        }
    }

    /** Workers of an app whose database is away for a while. */
    @Nested
    final class WorkersUnderFaults extends WorkerFaultContract {
        WorkersUnderFaults() {
            super(ConnectorTck.this);
        }
    }

    /** Workers of an app whose jobs hold all connections of the pool. */
    @Nested
    final class FullPools extends FullPoolContract {
        FullPools() {
            super(ConnectorTck.this);
        }
    }
}
