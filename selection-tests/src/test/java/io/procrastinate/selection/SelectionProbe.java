package io.procrastinate.selection;

import io.procrastinate.App;
import io.procrastinate.adapter.Connectors;
import io.procrastinate.adapter.ThreadedConnector;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.ProcrastinateException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.BiFunction;

/**
 * Loaded by each of the class loaders that {@link SelectionTest} builds: reports what is chosen there, and the
 * synchronous counterpart. Exchanges only strings, because each loader has its own copies of the library's classes.
 */
public final class SelectionProbe implements BiFunction<String, String, Map<String, String>> {

    /** Called by reflection. */
    public SelectionProbe() {}

    /**
     * Chooses a connector, and uses it.
     *
     * @param url the database, or empty if the connector is not used
     * @param name the connector to request by name, or empty to let the library choose
     */
    @Override
    public Map<String, String> apply(String url, String name) {
        Map<String, String> seen = new LinkedHashMap<>();
        seen.put("names", String.valueOf(Connectors.names()));
        ConnectorSettings settings = url.isEmpty()
                ? ConnectorSettings.defaults()
                : ConnectorSettings.builder().url(url).poolSize(2).build();
        AsyncConnector connector;
        try {
            if (name.isEmpty()) {
                Connectors.Choice choice = Connectors.choose(settings);
                seen.put("reason", choice.reason());
                connector = choice.connector();
            } else {
                connector = Connectors.named(name, settings);
            }
        } catch (ProcrastinateException e) {
            seen.put("refusal", String.valueOf(e.getMessage()));
            return seen;
        }
        seen.put("chosen", connector.name());
        if (url.isEmpty()) {
            return seen;
        }
        try (App app = App.builder().connector(connector).build()) {
            use(app, connector, seen);
        }
        seen.put("after closing", attempt(() -> one(connector)));
        return seen;
    }

    private static void use(App app, AsyncConnector connector, Map<String, String> seen) {
        SyncConnector counterpart = connector.sync();
        seen.put("before opening", counterpart.name());
        seen.put("same before opening", String.valueOf(counterpart == connector.sync()));
        seen.put("view of the connector itself", String.valueOf(ThreadedConnector.over(counterpart) == connector));
        seen.put("call before opening", attempt(() -> one(connector)));
        seen.put("call after opening", attempt(() -> {
            app.open();
            return one(connector);
        }));
        seen.put("call after opening asynchronously", attempt(() -> {
            Stages.join(app.openAsync());
            return one(connector);
        }));
        seen.put("after opening", connector.sync().name());
        seen.put("same after opening", String.valueOf(counterpart == connector.sync()));
        seen.put("counterpart is open after opening", String.valueOf(counterpart.isOpen()));
    }

    private static String one(AsyncConnector connector) {
        Query query = Query.named("one").sql("SELECT 'it works'::text AS answer");
        return connector.sync().execute(query.bind().build()).get(0).text("answer");
    }

    private static String attempt(Callable<String> call) {
        try {
            return call.call();
        } catch (Exception e) { // the test only looks at the kind of failure
            return e.getClass().getSimpleName() + ": " + e.getMessage();
        }
    }
}
