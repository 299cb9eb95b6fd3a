package io.procrastinate.examples;

import io.procrastinate.App;
import io.procrastinate.connector.ConnectorSettings;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A separate database for a test, on one embedded server for all.
 *
 * @param name the database's name
 */
public record TestDatabase(String name) {

    private static final EmbeddedPostgres SERVER = server();
    private static final AtomicInteger DATABASES = new AtomicInteger();

    /** An empty database. */
    public static TestDatabase empty() {
        TestDatabase database = new TestDatabase("test_" + DATABASES.incrementAndGet());
        new TestDatabase("postgres").execute("CREATE DATABASE " + database.name());
        return database;
    }

    /** A database that has the schema. */
    public static TestDatabase withSchema() {
        TestDatabase database = empty();
        try (App app = App.create(database.settings()).open()) {
            app.schemaManager().apply();
        }
        return database;
    }

    public String url() {
        return "postgresql://postgres@127.0.0.1:" + SERVER.getPort() + "/" + name + "?sslmode=disable";
    }

    public String jdbcUrl() {
        return "jdbc:postgresql://127.0.0.1:" + SERVER.getPort() + "/" + name + "?user=postgres";
    }

    ConnectorSettings settings() {
        return ConnectorSettings.of(url());
    }

    Connection connect() throws SQLException {
        return DriverManager.getConnection(jdbcUrl());
    }

    public void execute(String sql) {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }

    /** The rows of a query, their columns joined by blanks. */
    public List<String> rows(String sql) {
        List<String> rows = new ArrayList<>();
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            while (result.next()) {
                List<String> columns = new ArrayList<>();
                for (int column = 1; column <= result.getMetaData().getColumnCount(); column++) {
                    columns.add(result.getString(column));
                }
                rows.add(String.join(" ", columns));
            }
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
        return rows;
    }

    private static EmbeddedPostgres server() {
        try {
            return EmbeddedPostgres.builder()
                    .setServerConfig("max_connections", "300")
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException("The embedded PostgreSQL does not start", e);
        }
    }
}
