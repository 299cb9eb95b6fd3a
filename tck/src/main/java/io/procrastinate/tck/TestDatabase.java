package io.procrastinate.tck;

import io.procrastinate.App;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ServerVariables;
import io.procrastinate.memory.InMemoryConnector;
import io.procrastinate.testing.PostgresServer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * An empty database for one test, on the server that the kit uses, and a connection to inspect it, independent of the
 * connector under test. Usable in a connector's own tests, too. Where the database cannot be reached or refuses
 * something, methods throw an {@link IllegalStateException} that says at what. Thread-safe.
 */
public final class TestDatabase implements AutoCloseable {

    /** The application name of connections of the connector under test. */
    static final String UNDER_TEST = "under-test";

    private static final String CONTROL = "tck-control";
    private static final AtomicLong NUMBER = new AtomicLong();

    private final PostgresServer server;
    private final String name;
    private final Owns owns;
    private Connection control;

    private TestDatabase(PostgresServer server, String name, Owns owns) throws SQLException {
        this.server = server;
        this.name = name;
        this.owns = owns;
        this.control = connect();
    }

    /** What belongs to this database alone and is removed with it. */
    private enum Owns {
        NOTHING,
        DATABASE,
        SERVER
    }

    /** Creates a database. The first one of the JVM starts the server if that is the kit's own. */
    public static TestDatabase create() {
        return create(TestServer.get(), Owns.DATABASE, "");
    }

    /**
     * Creates a database that has the schema and no rows; on the kit's own server, as a copy of one that is made once.
     */
    public static TestDatabase withSchema() {
        PostgresServer server = TestServer.get();
        if (!server.isEmbedded()) {
            return create().addSchema();
        }
        return create(server, Owns.DATABASE, " TEMPLATE " + Template.NAME);
    }

    /** Creates the schema in this database, without any connector. */
    TestDatabase addSchema() {
        runScript(App.builder()
                .connector(new InMemoryConnector())
                .build()
                .schemaManager()
                .sql());
        return this;
    }

    /**
     * Creates a database on a separate server, which {@link #restartServer} restarts and {@link #close} removes without
     * affecting other tests. If the server is not the kit's own, does the same as {@link #create()}.
     */
    public static TestDatabase onServerOfItsOwn() {
        PostgresServer server = TestServer.another();
        return create(server, server == TestServer.get() ? Owns.DATABASE : Owns.SERVER, "");
    }

    private static TestDatabase create(PostgresServer server, Owns owns, String how) {
        String name = "tck_" + ProcessHandle.current().pid() + "_" + NUMBER.incrementAndGet();
        try {
            administer(server, "CREATE DATABASE " + name + how);
            return new TestDatabase(server, name, owns);
        } catch (SQLException e) {
            throw failed("creating a database", e);
        }
    }

    /** The server's maintenance database, for connectors that never use it. */
    static TestDatabase maintenance() {
        PostgresServer server = TestServer.get();
        try {
            return new TestDatabase(server, server.administration().database(), Owns.NOTHING);
        } catch (SQLException e) {
            throw failed("connecting", e);
        }
    }

    /** The database's name. */
    public String name() {
        return name;
    }

    /** The settings to reach this database as a superuser. */
    public ConnectorSettings settings() {
        return server.administration().toBuilder()
                .database(name)
                .applicationName(UNDER_TEST)
                .build();
    }

    /** Executes a statement, whose {@code ?} are the parameters, sent as JDBC sends objects of their classes. */
    public synchronized void run(String sql, Object... parameters) {
        try (PreparedStatement statement = prepared(sql, parameters)) {
            statement.execute();
        } catch (SQLException e) {
            throw failed(sql, e);
        }
    }

    /** Executes several statements exactly as written. */
    public synchronized void runScript(String sql) {
        try (Statement statement = control.createStatement()) {
            statement.setEscapeProcessing(false);
            statement.execute(sql);
        } catch (SQLException e) {
            throw failed("a script", e);
        }
    }

    /** The first column of every row, as text, of a statement as of {@link #run}; empty if it returns no rows. */
    public synchronized List<@Nullable String> texts(String sql, Object... parameters) {
        List<@Nullable String> texts = new ArrayList<>();
        try (PreparedStatement statement = prepared(sql, parameters)) {
            if (!statement.execute()) {
                return texts;
            }
            try (ResultSet rows = statement.getResultSet()) {
                while (rows.next()) {
                    texts.add(rows.getString(1));
                }
            }
            return texts;
        } catch (SQLException e) {
            throw failed(sql, e);
        }
    }

    /**
     * The first column of the first row, as text, of a statement as of {@link #run}.
     *
     * @throws IndexOutOfBoundsException if there is no row
     */
    public @Nullable String text(String sql, Object... parameters) {
        return texts(sql, parameters).get(0);
    }

    /**
     * The first column of the first row, as a number, of a statement as of {@link #run}; 0 if it is null.
     *
     * @throws IndexOutOfBoundsException if there is no row
     * @throws NumberFormatException if it is not a whole number
     */
    public long number(String sql, Object... parameters) {
        String text = text(sql, parameters);
        return text == null ? 0 : Long.parseLong(text);
    }

    /** How many connections of an application the server has to this database. */
    public long connections(String application) {
        return number(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = ?"
                        + " AND backend_type = 'client backend'",
                application);
    }

    /** The connections of an application to this database, each with what the server knows of it. */
    List<@Nullable String> sessions(String application) {
        return texts(
                "SELECT concat_ws(' ', 'pid', pid, 'from port', client_port, 'began', backend_start, state, 'since', state_change,"
                        + " 'in a transaction since ' || xact_start, 'waiting for ' || wait_event_type, wait_event,"
                        + " 'with', left(query, 200)) FROM pg_stat_activity WHERE datname = current_database()"
                        + " AND application_name = ? AND backend_type = 'client backend'",
                application);
    }

    /** Ends all connections of an application, as an administrator would. Returns how many there were. */
    public long terminate(String application) {
        return number(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                        + " WHERE datname = current_database() AND application_name = ?",
                application);
    }

    /** Ends the connections whose last statement contains a text. Returns how many there were. */
    long terminateRunning(String part) {
        return number(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND"
                        + " position(? in query) > 0 AND pid <> pg_backend_pid()",
                part);
    }

    /** Refuses new connections and ends the others, as a server that is going down does. */
    public void goDown() {
        allowConnections(false);
        run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                + " WHERE datname = current_database() AND pid <> pg_backend_pid()");
    }

    /** Accepts connections again. */
    public void comeBack() {
        allowConnections(true);
    }

    /** PostgreSQL allows this from another database only. */
    private void allowConnections(boolean allowed) {
        String sql = "ALTER DATABASE " + name + " ALLOW_CONNECTIONS " + allowed;
        try {
            administer(server, sql);
        } catch (SQLException e) {
            throw failed(sql, e);
        }
    }

    /**
     * Restarts the whole server if it is this database's own. Any other server only appears to restart to this
     * database's clients: their sessions end, and new ones are refused for a while.
     *
     * @param whileDown what to do between the end and the new beginning
     */
    public synchronized void restartServer(Runnable whileDown) {
        if (owns != Owns.SERVER) {
            goDown();
            whileDown.run();
            comeBack();
            return;
        }
        server.stop();
        try {
            whileDown.run();
        } finally {
            server.start();
        }
        try {
            control = connect();
        } catch (SQLException e) {
            throw failed("connecting after a restart", e);
        }
    }

    /**
     * A further connection to this database, for a test that needs a second session and closes it.
     *
     * @throws SQLException if it cannot be made
     */
    public Connection connect() throws SQLException {
        return control(settings());
    }

    /** A connection of the kit's own, made without a login time-out, for which the driver would start a thread. */
    private static Connection control(ConnectorSettings settings) throws SQLException {
        PGSimpleDataSource source =
                dataSource(settings.toBuilder().applicationName(CONTROL).build());
        source.setLoginTimeout(0);
        return source.getConnection();
    }

    /** A data source for an application: opens a connection each time. */
    public DataSource dataSource() {
        try {
            return dataSource(settings());
        } catch (SQLException e) {
            throw failed("making a data source", e);
        }
    }

    static PGSimpleDataSource dataSource(ConnectorSettings settings) throws SQLException {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setServerNames(new String[] {settings.host()});
        source.setPortNumbers(new int[] {settings.port()});
        source.setDatabaseName(settings.database());
        source.setUser(settings.user());
        source.setPassword(settings.password());
        source.setApplicationName(settings.applicationName());
        source.setConnectTimeout((int) Math.max(1, settings.connectTimeout().toSeconds()));
        source.setLoginTimeout((int) Math.max(1, settings.connectTimeout().toSeconds()));
        source.setSslMode(settings.sslMode());
        source.setCancelSignalTimeout(2); // one that hangs would block those of all other tests
        if (!settings.variables().isEmpty()) {
            source.setOptions(ServerVariables.options(settings.variables()));
        }
        return source;
    }

    private PreparedStatement prepared(String sql, Object... parameters) throws SQLException {
        PreparedStatement statement = control.prepareStatement(sql);
        for (int index = 0; index < parameters.length; index++) {
            statement.setObject(index + 1, parameters[index]);
        }
        return statement;
    }

    private static void administer(PostgresServer server, String sql) throws SQLException {
        try (Connection connection = control(server.administration());
                PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.execute();
        }
    }

    /** Drops the database, with its server if that is its own, and ends its connections. */
    @Override
    public void close() {
        try {
            control.close();
            switch (owns) {
                case NOTHING -> {}
                case DATABASE -> administer(server, "DROP DATABASE " + name + " WITH (FORCE)");
                case SERVER -> server.close();
            }
        } catch (SQLException e) {
            throw failed("dropping the database", e);
        }
    }

    private static IllegalStateException failed(String what, SQLException cause) {
        return new IllegalStateException("The kit's own connection failed at: " + what, cause);
    }

    /** Created for the first copy; it goes with its server. No session may be connected to it while it is copied. */
    private static final class Template {

        private static final String NAME = create();

        private static String create() {
            TestDatabase database = TestDatabase.create().addSchema();
            try {
                database.control.close();
            } catch (SQLException e) {
                throw failed("making the template", e);
            }
            return database.name;
        }
    }
}
