package io.procrastinate.examples;

import io.procrastinate.App;
import io.procrastinate.adapter.Connectors;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.ProcrastinateException;
import io.procrastinate.schema.SchemaLevel;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import java.util.UUID;
import org.apache.commons.dbcp2.BasicDataSource;

/** Runs the quickstart for a command line. */
final class QuickstartCommand {

    static final int SUCCESS = 0;
    static final int FAILURE = 1;
    static final int BAD_OPTIONS = 2;

    private final PrintStream out;
    private final PrintStream err;

    QuickstartCommand(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    /** Runs the command line, and returns the exit status. */
    int run(String... args) {
        QuickstartOptions options;
        try {
            options = QuickstartOptions.parse(args);
        } catch (IllegalArgumentException e) {
            err.println(e.getMessage());
            err.println();
            err.print(QuickstartOptions.usage());
            return BAD_OPTIONS;
        }
        if (options.help()) {
            out.print(QuickstartOptions.usage());
            return SUCCESS;
        }
        try (QuickstartDatabase database = database(options)) {
            run(options, database);
            out.println("Everything ended as it should.");
            return SUCCESS;
        } catch (QuickstartException | ProcrastinateException | UncheckedIOException e) {
            err.println("The quickstart failed. " + e.getMessage());
            return FAILURE;
        } catch (RuntimeException e) {
            err.println("The quickstart failed.");
            e.printStackTrace(err);
            return FAILURE;
        }
    }

    private QuickstartDatabase database(QuickstartOptions options) {
        if (options.server() != null) {
            return QuickstartDatabase.existing(options.server());
        }
        out.println("starting an embedded PostgreSQL");
        return QuickstartDatabase.embedded();
    }

    private void run(QuickstartOptions options, QuickstartDatabase database) {
        ConnectorSettings settings = database.settings();
        AsyncConnector connector = connector(options, settings);
        try (App app = App.builder().connector(connector).build();
                Pool pool = connector.capabilities().contains(Capability.OWN_POOL) ? null : Pool.of(settings)) {
            if (pool == null) {
                Stages.join(app.openAsync());
            } else {
                Stages.join(app.openAsync(pool.dataSource()));
            }
            requireSchema(app, database.isEmbedded() || options.applySchema());
            String queue = "quickstart-" + UUID.randomUUID().toString().substring(0, 8);
            out.println("database " + settings.target() + ", queue " + queue);
            new Quickstart(app, queue, out).run();
        }
    }

    private AsyncConnector connector(QuickstartOptions options, ConnectorSettings settings) {
        Connectors.Choice choice = options.connector() == null
                ? Connectors.choose(settings)
                : new Connectors.Choice(Connectors.named(options.connector(), settings), "named by --connector");
        out.println("connector " + choice.connector().name() + ": " + choice.reason());
        return choice.connector();
    }

    private void requireSchema(App app, boolean mayApply) {
        if (app.schemaManager().level() != SchemaLevel.NONE) {
            return;
        }
        if (!mayApply) {
            throw new QuickstartException("The database has no schema of Procrastinate. Add --apply-schema to create"
                    + " it, or name a database that has it.");
        }
        app.schemaManager().apply();
        out.println("applied the schema");
    }

    /** An application's pool, for connectors that open none themselves. */
    private record Pool(BasicDataSource dataSource) implements AutoCloseable {

        static Pool of(ConnectorSettings settings) {
            BasicDataSource dataSource = new BasicDataSource();
            dataSource.setUrl("jdbc:postgresql://" + settings.target());
            dataSource.setUsername(settings.user());
            dataSource.setPassword(settings.password());
            dataSource.setMaxTotal(settings.poolSize());
            dataSource.addConnectionProperty("sslmode", settings.sslMode());
            return new Pool(dataSource);
        }

        @Override
        public void close() {
            try {
                dataSource.close();
            } catch (SQLException e) {
                throw new UncheckedIOException(new IOException("The pool does not close", e));
            }
        }
    }
}
