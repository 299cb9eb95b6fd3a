package io.procrastinate.adapter;

import io.procrastinate.annotation.Internal;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorProvider;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.ConnectorSelectionException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the connectors of the class path or module path and chooses one.
 *
 * <p>A connector is chosen by the name in the system property {@value #PROPERTY}, else by the name in the environment
 * variable {@value #VARIABLE}, else the best one found: asynchronous before synchronous, then by the providers'
 * priority, then by name. A provider that fails to load hides no other one.
 */
public final class Connectors {

    /** The system property that names the connector. */
    public static final String PROPERTY = "procrastinate.connector";

    /** The environment variable that names the connector if the system property does not. */
    public static final String VARIABLE = "PROCRASTINATE_CONNECTOR";

    private static final Logger LOGGER = LoggerFactory.getLogger(Connectors.class);

    private Connectors() {}

    /** The names of the connectors found, the best one first. */
    public static List<String> names() {
        return Providers.find().names();
    }

    /**
     * Chooses a connector and creates it, closed. A synchronous one is wrapped with {@link ThreadedConnector#over}, so
     * that it does everything.
     *
     * @throws ConnectorSelectionException if the connector named is unknown, ambiguous or broken, or if there is none
     */
    public static Choice choose(ConnectorSettings settings) {
        return choose(settings, Providers.find(), System.getProperty(PROPERTY), System.getenv(VARIABLE));
    }

    /**
     * Chooses as {@link #choose(ConnectorSettings)}, but only among the connectors that take a pool of the application.
     * A named one that does not take it is refused.
     *
     * @param pool the pool that the connector will be opened with
     * @throws ConnectorSelectionException as {@link #choose(ConnectorSettings)}
     * @throws ConnectorException if the connector named, or every connector found, takes pools of another kind only
     */
    public static Choice choose(ConnectorSettings settings, Object pool) {
        return choose(settings, pool, Providers.find(), System.getProperty(PROPERTY), System.getenv(VARIABLE));
    }

    static Choice choose(
            ConnectorSettings settings,
            Object pool,
            Providers providers,
            @Nullable String property,
            @Nullable String variable) {
        Choice choice = name(property, variable)
                .map(name -> byName(settings, providers, name))
                .orElseGet(() -> bestFor(pool, settings, providers));
        if (!choice.connector().accepts(pool)) {
            throw ConnectorException.refusal("The connector '"
                    + choice.connector().name() + "', " + choice.reason()
                    + ", takes no pool of the class " + pool.getClass().getName() + ". " + thatTake(pool, providers)
                    + " Choose one of these, choose none, or open the app with another pool.");
        }
        return logged(choice, providers);
    }

    private static Choice bestFor(Object pool, ConnectorSettings settings, Providers providers) {
        return thatTake(pool, settings, providers)
                .findFirst()
                .map(connector -> new Choice(
                        lifted(connector),
                        "the best one found that takes a pool of the class "
                                + pool.getClass().getName()))
                .orElseThrow(() -> ConnectorException.refusal("No connector takes a pool of the class "
                        + pool.getClass().getName() + ". Found: " + providers.names() + ". "
                        + (providers.unregistered().isEmpty() ? "" : providers.unregistered() + " ")
                        + "Add one that does to the build, or open the app with another pool or none."));
    }

    /**
     * Says in a sentence which of the connectors found take a pool of the application.
     *
     * @hidden
     */
    @Internal
    public static String thatTake(Object pool) {
        return thatTake(pool, Providers.find());
    }

    private static String thatTake(Object pool, Providers providers) {
        return "Connectors found that do: "
                + thatTake(pool, ConnectorSettings.defaults(), providers)
                        .map(Connector::name)
                        .toList()
                + ".";
    }

    /** The best one first. */
    private static Stream<Connector> thatTake(Object pool, ConnectorSettings settings, Providers providers) {
        return providers.best().stream()
                .flatMap(provider -> attempt(provider, settings, new ArrayList<>()).stream())
                .filter(connector -> connector.accepts(pool));
    }

    /**
     * Creates the connector of a name, closed and wrapped like a chosen one.
     *
     * @throws ConnectorSelectionException if the name is unknown or ambiguous, or its provider is broken
     */
    public static AsyncConnector named(String name, ConnectorSettings settings) {
        return lifted(create(Providers.find().named(name), settings));
    }

    static Choice choose(
            ConnectorSettings settings, Providers providers, @Nullable String property, @Nullable String variable) {
        return logged(
                name(property, variable)
                        .map(name -> byName(settings, providers, name))
                        .orElseGet(() -> best(settings, providers)),
                providers);
    }

    private static Optional<Name> name(@Nullable String property, @Nullable String variable) {
        if (property != null && !property.isBlank()) {
            return Optional.of(new Name(property.strip(), "system property " + PROPERTY));
        }
        return variable == null || variable.isBlank()
                ? Optional.empty()
                : Optional.of(new Name(variable.strip(), "environment variable " + VARIABLE));
    }

    private static Choice logged(Choice choice, Providers providers) {
        if (!providers.unregistered().isEmpty()) {
            LOGGER.warn(providers.unregistered());
        }
        LOGGER.info("Connector '{}': {}", choice.connector().name(), choice.reason());
        return choice;
    }

    /** The best synchronous connector that can open a pool of its own, closed; empty if there is none. */
    static Optional<SyncConnector> bestSynchronous(ConnectorSettings settings) {
        return Providers.find().best().stream()
                .filter(provider -> provider.kind() == ConnectorProvider.Kind.SYNCHRONOUS)
                .flatMap(provider -> attempt(provider, settings, new ArrayList<>()).stream())
                .filter(connector -> connector.capabilities().contains(Capability.OWN_POOL))
                .map(Connector::sync)
                .findFirst();
    }

    private static Choice byName(ConnectorSettings settings, Providers providers, Name name) {
        AsyncConnector connector = lifted(create(providers.named(name.text()), settings));
        return new Choice(connector, "named by the " + name.source());
    }

    private static Choice best(ConnectorSettings settings, Providers providers) {
        List<RuntimeException> failures = new ArrayList<>();
        for (ConnectorProvider provider : providers.best()) {
            Optional<Connector> connector = attempt(provider, settings, failures);
            if (connector.isPresent()) {
                return new Choice(lifted(connector.get()), reason(provider, providers));
            }
        }
        throw providers.nothingLeft(failures);
    }

    private static String reason(ConnectorProvider chosen, Providers providers) {
        List<String> names = providers.names();
        if (names.size() == 1) {
            return "the only one found";
        }
        String others =
                names.stream().filter(name -> !name.equals(chosen.name())).collect(Collectors.joining(", "));
        return "the best one found, before " + others + " ("
                + chosen.kind().name().toLowerCase(java.util.Locale.ROOT) + ", priority " + chosen.priority() + ")";
    }

    private static Optional<Connector> attempt(
            ConnectorProvider provider, ConnectorSettings settings, List<RuntimeException> failures) {
        try {
            return Optional.of(create(provider, settings));
        } catch (ConnectorSelectionException e) {
            LOGGER.warn("{} Trying the next one.", e.getMessage());
            failures.add(e);
            return Optional.empty();
        }
    }

    /** A missing or too old driver causes a linkage error when the connector is created. */
    private static Connector create(ConnectorProvider provider, ConnectorSettings settings) {
        try {
            return provider.create(settings);
        } catch (RuntimeException | LinkageError e) {
            throw new ConnectorSelectionException(
                    "The connector '" + provider.name() + "' (" + Providers.origin(provider.getClass())
                            + ") cannot be created: " + e + ". Is its driver on the class path?",
                    e);
        }
    }

    private static AsyncConnector lifted(Connector connector) {
        if (connector instanceof SyncConnector blocking) {
            return ThreadedConnector.over(blocking);
        }
        return (AsyncConnector) connector;
    }

    /** The name of a connector, and where it was configured. */
    private record Name(String text, String source) {}

    /**
     * A connector that was chosen.
     *
     * @param connector the connector, closed
     * @param reason why it was chosen, for people to read
     */
    public record Choice(AsyncConnector connector, String reason) {}
}
