package io.procrastinate.selection;

import io.procrastinate.adapter.BlockingConnector;
import io.procrastinate.adapter.Connectors;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SyncConnector;

/** A separate process for {@link SameSettingsTest}: reports how each connector interprets its environment. */
final class SettingsProbe {

    /** The prefix of the relevant lines: there may be log lines between them. */
    static final String MARK = "seen: ";

    private static final Query SESSION = Query.named("session").sql("""
            SELECT current_user::text AS who, current_database()::text AS place,
                   current_setting('application_name') AS application, current_setting('search_path') AS path,
                   (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS encrypted
            """);

    private SettingsProbe() {}

    /** Runs the probe. */
    public static void main(String... args) {
        ConnectorSettings settings = ConnectorSettings.fromEnvironment();
        for (String name : Connectors.names()) {
            if (Connectors.named(name, settings).capabilities().contains(Capability.OWN_POOL)) {
                System.out.println(MARK + name + ": " + ask(name, settings));
            }
        }
        tellWhatIsChosen(settings);
        System.setProperty(Connectors.PROPERTY, "jdbc");
        tellWhatIsChosen(settings);
    }

    private static void tellWhatIsChosen(ConnectorSettings settings) {
        Connectors.Choice choice = Connectors.choose(settings);
        String reason = choice.reason().replaceAll(".*(property|variable|best).*", "$1");
        System.out.println(
                MARK + "chosen by " + reason + ": " + choice.connector().name());
    }

    /** Opens a connector for blocking calls, and asks the server about its session. */
    static String ask(String name, ConnectorSettings settings) {
        AsyncConnector connector = Connectors.named(name, settings);
        try (SyncConnector blocking = new BlockingConnector(connector, settings)) {
            blocking.open(null);
            Row row = blocking.execute(SESSION.bind().build()).get(0);
            return row.text("who") + " at " + row.text("place") + " as '" + row.text("application") + "' " + "in "
                    + row.text("path") + " " + (row.bool("encrypted") ? "encrypted" : "plain");
        }
    }
}
