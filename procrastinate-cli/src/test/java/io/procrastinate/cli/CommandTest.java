package io.procrastinate.cli;

import io.procrastinate.App;
import io.procrastinate.adapter.Connectors;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.Query;
import io.procrastinate.json.JsonCodec;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.lang.reflect.Type;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/** Runs the command in this process, on an empty database. */
abstract class CommandTest {

    static final String APP = CommandTest.class.getName();

    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final EmbeddedPostgres SERVER = start();
    private static String url = "";

    final Map<String, String> environment = new HashMap<>();
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private static EmbeddedPostgres start() {
        try {
            return EmbeddedPostgres.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The app named on the command line. */
    static App app() {
        App app = App.builder().url(url).build();
        app.task("sum").call(args -> "summed");
        app.task("once").queueingLock("once").run(args -> {});
        app.task("speak").run(args -> {
            LoggerFactory.getLogger("com.acme.Speaker").info("spoken");
            LoggerFactory.getLogger("com.acme.Speaker").debug("whispered");
        });
        return app;
    }

    /** An app that only defers. */
    static App synchronous() {
        AsyncConnector threaded = Connectors.named("pgjdbc", ConnectorSettings.of(url));
        return App.builder().connector(threaded.sync()).build();
    }

    /** An app whose JSON may have single quotes. */
    static App withACodec() {
        App app = App.builder()
                .url(url)
                .jsonCodec(new JsonCodec() {
                    @Override
                    public String write(@Nullable Object value, Type type) {
                        return JsonCodec.standard().write(value, type);
                    }

                    @Override
                    public @Nullable Object read(String json, Type type) {
                        return JsonCodec.standard().read(json.replace('\'', '"'), type);
                    }
                })
                .build();
        app.task("sum").run(args -> {});
        return app;
    }

    static App failing() {
        throw new IllegalStateException("no configuration");
    }

    static String noApp() {
        return "not an app";
    }

    @AfterAll
    static void noUrl() {
        url = "";
    }

    @BeforeEach
    void freshDatabase() throws SQLException {
        url = newDatabase();
    }

    /** The database of the current test. */
    static String url() {
        return url;
    }

    static String newDatabase() throws SQLException {
        String name = "cli_" + NUMBER.incrementAndGet();
        execute("postgres", "CREATE DATABASE " + name);
        return "postgresql://postgres@localhost:" + SERVER.getPort() + "/" + name;
    }

    /** Executes SQL on the test's database. */
    static void sql(String sql) throws SQLException {
        execute(url.substring(url.lastIndexOf('/') + 1), sql);
    }

    private static void execute(String database, String sql) throws SQLException {
        try (Connection connection = connect(database);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    static Connection connect() throws SQLException {
        return connect(url.substring(url.lastIndexOf('/') + 1));
    }

    private static Connection connect(String database) throws SQLException {
        return SERVER.getDatabase("postgres", database).getConnection();
    }

    /** The first column of the first row of a query on the test's database, as text. */
    static String value(String sql) {
        try (App app = App.builder().url(url).build().open()) {
            return app.connector()
                    .sync()
                    .execute(Query.named("value")
                            .sql("SELECT (" + sql + ")::text AS value")
                            .bind()
                            .build())
                    .get(0)
                    .text("value");
        }
    }

    /** Runs the command and returns its exit code. */
    int run(String... arguments) {
        return command().execute(arguments);
    }

    /** The command, which prints to the test. */
    CommandLine command() {
        return Procrastinate.commandLine(environment)
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true));
    }

    /** Runs the command, which must succeed, and returns only its own output. */
    String printed(String... arguments) {
        forget();
        int code = run(arguments);
        if (code != 0) {
            throw new AssertionError("exit code " + code + ": " + err());
        }
        return out();
    }

    String out() {
        return out.toString();
    }

    String err() {
        return err.toString();
    }

    /** Discards the output so far. */
    void forget() {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
    }
}
