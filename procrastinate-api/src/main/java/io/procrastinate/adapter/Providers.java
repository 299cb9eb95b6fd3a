package io.procrastinate.adapter;

import io.procrastinate.connector.ConnectorProvider;
import io.procrastinate.exception.ConnectorSelectionException;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The connector providers that could be loaded, and the failures of those that could not. */
final class Providers {

    /** A broken service file is reported once for each of its lines; a bound, in case a loader reports without end. */
    private static final int MOST_FAILURES = 100;

    private static final Comparator<ConnectorProvider> BEST_FIRST = Comparator.comparing(ConnectorProvider::kind)
            .thenComparing(Comparator.comparingInt(ConnectorProvider::priority).reversed())
            .thenComparing(ConnectorProvider::name);

    private final List<ConnectorProvider> best;
    private final List<Error> failures;
    private final Map<String, String> unregistered;

    private Providers(Collection<ConnectorProvider> providers, List<Error> failures, Collection<ClassLoader> loaders) {
        this.best = providers.stream().sorted(BEST_FIRST).toList();
        this.failures = List.copyOf(failures);
        this.unregistered = UnregisteredProviders.find(
                loaders,
                best.stream().map(provider -> provider.getClass().getName()).toList(),
                failures.stream().map(Providers::reason).toList());
    }

    /** Looks with the thread's class loader, then with this library's own if that is another one. */
    static Providers find() {
        Map<Class<?>, ConnectorProvider> found = new LinkedHashMap<>();
        List<Error> failures = new ArrayList<>();
        ClassLoader own = Providers.class.getClassLoader();
        ClassLoader context = Thread.currentThread().getContextClassLoader();
        if (context != null && context != own) {
            load(ServiceLoader.load(ConnectorProvider.class, context), found, failures);
        }
        load(ServiceLoader.load(ConnectorProvider.class, own), found, failures);
        return new Providers(found.values(), failures, context == null ? List.of(own) : List.of(context, own));
    }

    static Providers of(ClassLoader loader) {
        Map<Class<?>, ConnectorProvider> found = new LinkedHashMap<>();
        List<Error> failures = new ArrayList<>();
        load(ServiceLoader.load(ConnectorProvider.class, loader), found, failures);
        return new Providers(found.values(), failures, List.of(loader));
    }

    private static void load(
            ServiceLoader<ConnectorProvider> loader, Map<Class<?>, ConnectorProvider> found, List<Error> failures) {
        Iterator<ConnectorProvider> providers = loader.iterator();
        while (failures.size() < MOST_FAILURES) {
            try {
                if (!providers.hasNext()) {
                    return;
                }
                ConnectorProvider provider = providers.next();
                requireDescription(provider);
                found.putIfAbsent(provider.getClass(), provider);
            } catch (ServiceConfigurationError | LinkageError e) {
                // The loader passes linkage errors on: a class compiled for a newer Java, or one that needs a missing
                // class.
                failures.add(e);
            }
        }
    }

    /**
     * Otherwise a provider that fails, or was compiled against another release of the interface, would break every
     * lookup.
     */
    private static void requireDescription(ConnectorProvider provider) {
        try {
            BEST_FIRST.compare(provider, provider);
        } catch (RuntimeException | LinkageError e) {
            throw new ServiceConfigurationError(
                    "The provider " + origin(provider.getClass()) + " does not return its name, kind and priority: "
                            + e,
                    e);
        }
    }

    /** All providers, the best one first; two of one name are refused. */
    List<ConnectorProvider> best() {
        best.stream().collect(Collectors.groupingBy(ConnectorProvider::name)).forEach(Providers::requireOne);
        return best;
    }

    /** What to do about connectors that are present but not registered; empty if there are none. */
    String unregistered() {
        return UnregisteredProviders.explain(unregistered);
    }

    List<String> names() {
        return best.stream().map(ConnectorProvider::name).distinct().toList();
    }

    ConnectorProvider named(String name) {
        List<ConnectorProvider> matching =
                best.stream().filter(provider -> provider.name().equals(name)).toList();
        if (matching.isEmpty()) {
            throw withFailures(new ConnectorSelectionException(
                    "No connector named '" + name + "'. Found: " + names() + brokenOnes() + ". "
                            + (unregistered.containsKey(name)
                                    ? UnregisteredProviders.explain(Map.of(name, unregistered.getOrDefault(name, "")))
                                    : "Add its jar to the class path (such as procrastinate-connector-" + name
                                            + "), or correct the name."),
                    firstFailure()));
        }
        requireOne(name, matching);
        return matching.get(0);
    }

    ConnectorSelectionException nothingLeft(List<RuntimeException> creationFailures) {
        ConnectorSelectionException failure = new ConnectorSelectionException(
                best.isEmpty() && failures.isEmpty()
                        ? "No connector was found. "
                                + (unregistered.isEmpty()
                                        ? "Add one to the build, such as"
                                                + " io.procrastinate:procrastinate-connector-pgjdbc, or give the app one."
                                        : unregistered())
                        : "No connector works. Found: " + names() + brokenOnes()
                                + creationFailures.stream()
                                        .map(creation -> "; " + creation.getMessage())
                                        .collect(Collectors.joining()),
                firstFailure());
        creationFailures.forEach(failure::addSuppressed);
        return withFailures(failure);
    }

    /** Where a provider was loaded from, for messages that must tell two jars apart. */
    static String origin(Class<?> provider) {
        CodeSource source = provider.getProtectionDomain().getCodeSource();
        return source == null || source.getLocation() == null
                ? provider.getName()
                : provider.getName() + " in " + source.getLocation();
    }

    private static void requireOne(String name, List<ConnectorProvider> matching) {
        if (matching.size() > 1) {
            throw new ConnectorSelectionException(
                    "Several connectors are named '" + name + "': "
                            + matching.stream()
                                    .map(provider -> origin(provider.getClass()))
                                    .collect(Collectors.joining(" and "))
                            + ". Remove all but one from the class path.",
                    null);
        }
    }

    private String brokenOnes() {
        return failures.isEmpty()
                ? ""
                : ", and providers that failed to load: "
                        + failures.stream().map(Providers::reason).collect(Collectors.joining("; "));
    }

    /** The service loader's own message names the provider; the others say little without their class. */
    private static String reason(Error failure) {
        return failure instanceof ServiceConfigurationError ? String.valueOf(failure.getMessage()) : failure.toString();
    }

    private @Nullable Throwable firstFailure() {
        return failures.isEmpty() ? null : failures.get(0);
    }

    private ConnectorSelectionException withFailures(ConnectorSelectionException failure) {
        failures.stream().skip(1).forEach(failure::addSuppressed);
        return failure;
    }
}
