package io.procrastinate.connector.pgjdbc;

import io.procrastinate.App;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.tck.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;

/** An empty database for one test, and a connection that looks into it. */
final class AppDatabase implements AutoCloseable {

    private final TestDatabase database = TestDatabase.create();
    private final Connection control;

    AppDatabase() throws SQLException {
        control = database.connect();
    }

    /** With the schema applied. */
    static AppDatabase withSchema() throws SQLException {
        AppDatabase database = new AppDatabase();
        // Under a name of its own: the server may see its connections a little longer than the app does.
        ConnectorSettings settings =
                database.settings().toBuilder().applicationName("schema").build();
        try (App app = App.create(settings).open()) {
            app.schemaManager().apply();
        }
        return database;
    }

    String name() {
        return database.name();
    }

    /** How an app reaches this database; the application's name is that of the database. */
    ConnectorSettings settings() {
        return database.settings().toBuilder()
                .applicationName(name())
                .poolSize(3)
                .build();
    }

    /** What an application of its own would connect with. */
    DataSource dataSource() {
        return database.dataSource();
    }

    /** A connection as an application has one, in a transaction. */
    Connection transaction() throws SQLException {
        Connection connection = dataSource().getConnection();
        connection.setAutoCommit(false);
        return connection;
    }

    void run(String sql) throws SQLException {
        try (Statement statement = control.createStatement()) {
            statement.execute(sql);
        }
    }

    /** Each row as its values with a bar between them. */
    List<String> rows(String sql, Object... parameters) throws SQLException {
        try (PreparedStatement statement = control.prepareStatement(sql)) {
            for (int index = 0; index < parameters.length; index++) {
                statement.setObject(index + 1, parameters[index]);
            }
            List<String> rows = new ArrayList<>();
            try (ResultSet result = statement.executeQuery()) {
                ResultSetMetaData columns = result.getMetaData();
                while (result.next()) {
                    List<String> values = new ArrayList<>();
                    for (int column = 1; column <= columns.getColumnCount(); column++) {
                        values.add(String.valueOf(result.getString(column)));
                    }
                    rows.add(String.join("|", values));
                }
            }
            return rows;
        }
    }

    long number(String sql, Object... parameters) throws SQLException {
        return Long.parseLong(rows(sql, parameters).get(0));
    }

    long jobs() throws SQLException {
        return number("SELECT count(*) FROM procrastinate_jobs");
    }

    /** Connections of apps to this server that carry this database's name. */
    long connections() throws SQLException {
        return number("SELECT count(*) FROM pg_stat_activity WHERE application_name = ?", name());
    }

    /** Everything in the catalogue that a schema script could leave behind. */
    List<String> catalogue() throws SQLException {
        return rows("SELECT 'class', relname, relkind::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                + " UNION ALL SELECT 'proc', proname, md5(prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
                + " UNION ALL SELECT 'type', typname, typtype::text FROM pg_type WHERE typnamespace ="
                + " 'public'::regnamespace UNION ALL SELECT 'trigger', tgname, tgrelid::regclass::text FROM pg_trigger"
                + " WHERE NOT tgisinternal AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace ="
                + " 'public'::regnamespace) UNION ALL SELECT 'constraint', conname, conrelid::text FROM pg_constraint"
                + " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2, 3");
    }

    @Override
    public void close() throws SQLException {
        control.close();
        database.close();
    }
}
