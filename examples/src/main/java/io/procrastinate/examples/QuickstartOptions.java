package io.procrastinate.examples;

import io.procrastinate.adapter.Connectors;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.exception.SettingsException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The command line of the quickstart.
 *
 * @param help whether to explain instead of running
 * @param server the reader's own server, or null for an embedded one
 * @param connector the connector's name, or null to have one chosen
 * @param applySchema whether to create the schema on the reader's own server if it is missing
 */
record QuickstartOptions(
        boolean help,
        @Nullable ConnectorSettings server,
        @Nullable String connector,
        boolean applySchema) {

    /**
     * Reads the command line.
     *
     * @throws IllegalArgumentException if it is not understood; the message says why
     */
    static QuickstartOptions parse(String... args) {
        boolean help = false;
        boolean applySchema = false;
        ConnectorSettings server = null;
        String connector = null;
        Deque<String> left = new ArrayDeque<>(List.of(args));
        while (!left.isEmpty()) {
            String argument = left.removeFirst();
            int equals = argument.indexOf('=');
            if (argument.startsWith("--") && equals > 0) {
                left.addFirst(argument.substring(equals + 1));
                argument = argument.substring(0, equals);
                if (!argument.equals("--url") && !argument.equals("--connector")) {
                    throw new IllegalArgumentException("The option " + argument + " takes no value, or is unknown");
                }
            }
            switch (argument) {
                case "--help", "-h" -> help = true;
                case "--apply-schema" -> applySchema = true;
                case "--url" -> server = server(value(argument, left));
                case "--connector" -> connector = connector(value(argument, left));
                default -> throw new IllegalArgumentException("Unknown option: " + argument);
            }
        }
        return new QuickstartOptions(help, server, connector, applySchema);
    }

    static String usage() {
        return """
                Usage: ./quickstart [--url URL [--apply-schema]] [--connector NAME]

                Shows Procrastinate for Java at work, in one process and within a minute: defers about a thousand
                jobs, runs a worker, prints what each notable job returned, and counts the jobs in the database.
                The program is examples/src/main/java/io/procrastinate/examples/Quickstart.java.

                  --url URL         use your own PostgreSQL, such as postgresql://user:password@localhost:5432/app,
                                    instead of an embedded one that is started, and deleted in the end. The jobs go
                                    to a new queue, which is named, and stay there for you to look at:
                                      SELECT * FROM procrastinate_jobs WHERE queue_name = '...';
                  --apply-schema    make the tables in that database, where it has none
                  --connector NAME  use this connector instead of the best one found; found: %s.
                                    Applications choose with -Dprocrastinate.connector=NAME or the environment
                                    variable PROCRASTINATE_CONNECTOR
                  --help            this text

                Exit status: 0 when every job ended as it should, 1 when not, 2 when the options are wrong.
                """.formatted(String.join(", ", Connectors.names()));
    }

    private static String value(String option, Deque<String> left) {
        String value = left.pollFirst();
        if (value == null || value.isBlank() || value.startsWith("--")) {
            throw new IllegalArgumentException("The option " + option + " needs a value");
        }
        return value;
    }

    private static ConnectorSettings server(String url) {
        try {
            return ConnectorSettings.of(url);
        } catch (SettingsException e) {
            throw new IllegalArgumentException("--url: " + e.getMessage(), e);
        }
    }

    private static String connector(String name) {
        List<String> found = Connectors.names();
        if (!found.contains(name)) {
            throw new IllegalArgumentException("No connector named '" + name + "'. Found: " + found);
        }
        return name;
    }
}
