package io.procrastinate.adapter;

import io.procrastinate.connector.ConnectorProvider;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Connectors of this project whose classes are present, but that no service file names: the result of packing several
 * jars into one while keeping only one service file of each name.
 */
final class UnregisteredProviders {

    private static final Map<String, String> KNOWN = known();

    private UnregisteredProviders() {}

    private static Map<String, String> known() {
        Map<String, String> known = new LinkedHashMap<>();
        known.put("vertx", "io.procrastinate.connector.vertx.VertxConnectorProvider");
        known.put("r2dbc", "io.procrastinate.connector.r2dbc.R2dbcConnectorProvider");
        known.put("pgjdbc", "io.procrastinate.connector.pgjdbc.PgjdbcConnectorProvider");
        known.put("pgjdbc-ng", "io.procrastinate.connector.pgjdbcng.PgjdbcNgConnectorProvider");
        known.put("dbcp", "io.procrastinate.connector.dbcp.DbcpConnectorProvider");
        known.put("jdbc", "io.procrastinate.connector.jdbc.JdbcConnectorProvider");
        return known;
    }

    /**
     * The classes, by the connectors' names.
     *
     * @param registered the classes of the providers that were loaded
     * @param failures the messages about those that could not be loaded, which are registered too
     */
    static Map<String, String> find(
            Collection<ClassLoader> loaders, Collection<String> registered, Collection<String> failures) {
        Map<String, String> found = new LinkedHashMap<>();
        KNOWN.forEach((name, type) -> {
            if (!registered.contains(type)
                    && failures.stream().noneMatch(failure -> failure.contains(type))
                    && loaders.stream().anyMatch(loader -> isThere(type, loader))) {
                found.put(name, type);
            }
        });
        return found;
    }

    /** Says what happened and how to fix it; empty if nothing did. */
    static String explain(Map<String, String> unregistered) {
        return unregistered.isEmpty()
                ? ""
                : unregistered.entrySet().stream()
                                .map(each -> "The class of the connector '" + each.getKey() + "', " + each.getValue()
                                        + ", is there, but no file META-INF/services/"
                                        + ConnectorProvider.class.getName() + " names it.")
                                .collect(Collectors.joining(" "))
                        + " If several jars were packed into one, have these files merged: by the"
                        + " ServicesResourceTransformer of maven-shade-plugin, or mergeServiceFiles() of"
                        + " Gradle's shadow plug-in.";
    }

    private static boolean isThere(String type, ClassLoader loader) {
        try {
            Class.forName(type, false, loader);
            return true;
        } catch (ClassNotFoundException | LinkageError e) {
            return false;
        }
    }
}
