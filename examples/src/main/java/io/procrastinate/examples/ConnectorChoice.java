package io.procrastinate.examples;

import io.procrastinate.App;
import io.procrastinate.adapter.Connectors;
import io.procrastinate.connector.ConnectorSettings;
import javax.sql.DataSource;

/** How an app gets its connector. */
final class ConnectorChoice {

    private ConnectorChoice() {}

    /** The best one found. */
    static App best(ConnectorSettings settings) {
        return App.create(settings).open();
    }

    /** One that is named in the code. */
    static App named(ConnectorSettings settings) {
        return App.builder()
                .connector(Connectors.named("pgjdbc", settings))
                .build()
                .open();
    }

    /** Over the application's own pool, which is never closed. */
    static App overPool(ConnectorSettings settings, DataSource pool) {
        return App.create(settings).open(pool);
    }
}
