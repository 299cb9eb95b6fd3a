package io.procrastinate.connector;

import io.procrastinate.exception.ConnectorSelectionException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the connectors of the class path or module path and chooses one.
 *
 * <p>A connector is chosen by the name in the system property {@value #PROPERTY}, else by the name in the environment
 * variable {@value #VARIABLE}, else the best one found: asynchronous before synchronous, then by the providers' priority, then
 * by name. A provider that fails to load
 * hides no other one.
 */
public final class Connectors {

    /** The system property that names the connector. */
    public static final String PROPERTY = "procrastinate.connector";

    /** The environment variable that names the connector, where the system property does not. */
    public static final String VARIABLE = "PROCRASTINATE_CONNECTOR";

    private static final Logger LOGGER = LoggerFactory.getLogger(Connectors.class);

    private Connectors() {}

    /** The names of the connectors found, the best one first. */
    public static List<String> names() {
        return Providers.find().names();
    }

    /**
     * Chooses a connector and creates it, closed. A synchronous one is lifted to do everything, as
     * {@link SyncConnector#threaded()}.
     *
     * @throws ConnectorSelectionException when the connector named is unknown, ambiguous or broken, or when there is none
     */
    public static Choice choose(ConnectorSettings settings) {
        return choose(settings, Providers.find(), System.getProperty(PROPERTY), System.getenv(VARIABLE));
    }

    /**
     * Creates the connector of a name, closed and lifted like a chosen one.
     *
     * @throws ConnectorSelectionException when the name is unknown or ambiguous, or its provider is broken
     */
    public static AsyncConnector named(String name, ConnectorSettings settings) {
        return lifted(create(Providers.find().named(name), settings));
    }

    static Choice choose(
            ConnectorSettings settings, Providers providers, @Nullable String property, @Nullable String variable) {
        Choice choice;
        if (property != null && !property.isBlank()) {
            choice = byName(settings, providers, property.strip(), "system property " + PROPERTY);
        } else if (variable != null && !variable.isBlank()) {
            choice = byName(settings, providers, variable.strip(), "environment variable " + VARIABLE);
        } else {
            choice = best(settings, providers);
        }
        LOGGER.info("Connector '{}': {}", choice.connector().name(), choice.reason());
        return choice;
    }

    /** The best synchronous connector that can open a pool of its own, closed; empty where there is none. */
    static Optional<SyncConnector> bestSynchronous(ConnectorSettings settings) {
        return Providers.find().best().stream()
                .filter(provider -> provider.kind() == ConnectorProvider.Kind.SYNCHRONOUS && provider.opensOwnPool())
                .flatMap(provider -> attempt(provider, settings, new ArrayList<>()).stream())
                .map(Connector::sync)
                .findFirst();
    }

    private static Choice byName(ConnectorSettings settings, Providers providers, String name, String source) {
        AsyncConnector connector = lifted(create(providers.named(name), settings));
        return new Choice(connector, "named by the " + source);
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

    /** A driver that is missing or too old shows as a linkage error when the connector is created. */
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
            return blocking.threaded();
        }
        return (AsyncConnector) connector;
    }

    /**
     * A connector that was chosen.
     *
     * @param connector the connector, closed
     * @param reason why it was chosen, for people
     */
    public record Choice(AsyncConnector connector, String reason) {}
}
