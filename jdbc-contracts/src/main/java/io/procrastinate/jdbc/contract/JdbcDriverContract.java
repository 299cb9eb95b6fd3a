package io.procrastinate.jdbc.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.ConnectorProvider;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.Identifiers;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.driver.SessionSettings;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.UniqueViolationException;
import io.procrastinate.tck.StartedThreads;
import io.procrastinate.tck.TcpProxy;
import io.procrastinate.tck.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a connector for a JDBC driver of PostgreSQL must do besides the kit's contract: it opens a pool of its own. */
public abstract class JdbcDriverContract {

    private static final String TAKE_LOCK = "SELECT pg_advisory_lock(1)::text AS locked";

    private static final String PASSWORD = "a-secret-that-nobody-may-see";

    /** How long a driver may take to connect on a busy machine; a test that waits for this time-out takes as long. */
    private static final Duration CONNECT = Duration.ofSeconds(3);

    @RegisterExtension
    final StartedThreads threads = new StartedThreads();

    protected final TestDatabase database = TestDatabase.create();
    protected final ConnectorSettings.Builder settings =
            database.settings().toBuilder().password(PASSWORD);

    private final Function<ConnectorSettings, SyncConnector> make;
    private final String name;

    private SyncConnector connector;

    /** @param make makes a closed connector */
    protected JdbcDriverContract(Function<ConnectorSettings, SyncConnector> make) {
        this.make = make;
        this.connector = make.apply(settings.build());
        this.name = connector.name();
    }

    @AfterEach
    void close() {
        connector.close();
        database.close();
    }

    @Test
    void isRegistered() {
        assertThat(ServiceLoader.load(ConnectorProvider.class))
                .extracting(ConnectorProvider::name)
                .contains(name, "jdbc");
    }

    @Test
    void closesItsOwnPoolAndOpensAgain() {
        open(settings.applicationName("closing").build());
        assertThat(select("SELECT 1 AS one").integer("one")).isEqualTo(1);

        connector.close();
        await().untilAsserted(() -> assertThat(database.connections("closing")).isZero());
        await().untilAsserted(() -> assertThat(poolThreads()).isEmpty());

        connector.open(null);
        assertThat(select("SELECT 1 AS one").integer("one")).isEqualTo(1);
    }

    @Test
    void opensOnAnInterruptedThreadWhichStaysInterrupted() {
        Thread.currentThread().interrupt();
        connector.open(null);
        boolean interrupted = Thread.interrupted();

        assertThat(interrupted).isTrue();
        assertThat(select("SELECT 1 AS one").integer("one")).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain", "Upper Case", "quo\"te", "com,ma", "ünï", "back\\slash", "select"})
    void usesTheSchemaWhateverItsName(String schema) {
        database.run("CREATE SCHEMA IF NOT EXISTS " + Identifiers.quote(schema));

        open(settings.schema(schema).build());
        assertThat(select("SELECT current_schema()::text AS name").text("name")).isEqualTo(schema);
    }

    @Test
    void setsUpItsConnections() {
        open(settings.applicationName("set up").build());

        SessionSettings.parameters()
                .forEach((parameter, value) -> assertThat(select("SELECT current_setting('" + parameter + "') AS value")
                                .text("value"))
                        .as(parameter)
                        .isEqualTo(value));
        assertThat(select("SELECT current_setting('application_name') AS name").text("name"))
                .isEqualTo("set up");
        assertThat(preparedAfterManyExecutions()).isPositive();
    }

    @Test
    void saysThatNobodyListens() {
        int port = TcpProxy.deadPort();
        connector = make.apply(settings.port(port).build());

        assertThatExceptionOfType(ConnectorException.class)
                .isThrownBy(() -> connector.open(null))
                .withMessageContaining("no server listens at 127.0.0.1:" + port)
                .satisfies(e -> assertThat(e.sqlState()).isEqualTo("08001"))
                .satisfies(e -> assertThat(e.isTransient()).isTrue());
        assertThat(connector.isOpen()).isFalse();
        assertThat(poolThreads()).isEmpty();
    }

    @Test
    void saysThatTheHostIsUnknownOrTheDatabaseMissing() {
        connector = make.apply(settings.host("nowhere.invalid").build());
        assertThatThrownBy(() -> connector.open(null)).hasMessageContaining("no host has the name nowhere.invalid");

        connector =
                make.apply(database.settings().toBuilder().database("nowhere").build());
        assertThatExceptionOfType(ConnectorException.class)
                .isThrownBy(() -> connector.open(null))
                .satisfies(e -> assertThat(e.sqlState()).isEqualTo("3D000"))
                .satisfies(e -> assertThat(e.isTransient()).isFalse());
    }

    @Test
    void failsToOpenOnAServerThatNeverAnswers() {
        try (TcpProxy proxy = TcpProxy.to(settings.build())) {
            proxy.freezeEverything();
            connector = make.apply(
                    proxy.through(settings.connectTimeout(Duration.ofSeconds(1)).build()));

            assertThatExceptionOfType(ConnectorException.class)
                    .isThrownBy(() -> connector.open(null))
                    .satisfies(e -> assertThat(e.isTransient()).isTrue());
        }
    }

    @Test
    void givesUpAHalfOpenConnection() {
        try (TcpProxy proxy = TcpProxy.to(settings.build())) {
            open(proxy.through(settings.connectTimeout(CONNECT)
                    .statementTimeout(Duration.ofSeconds(1))
                    .build()));
            proxy.freezeEverything();

            assertThatExceptionOfType(ConnectorException.class)
                    .isThrownBy(() -> select("SELECT 1 AS one"))
                    .satisfies(e -> assertThat(e.isTransient()).isTrue());
        }
    }

    @Test
    void saysThatThePoolIsExhausted() throws Exception {
        open(settings.applicationName("exhausted")
                .poolSize(1)
                .connectTimeout(CONNECT)
                .build());
        try (Connection lock = lock()) {
            Thread holder = new Thread(() -> select(TAKE_LOCK));
            holder.start();
            await().until(this::waitingForTheLock);

            assertThatExceptionOfType(ConnectorException.class)
                    .isThrownBy(() -> select("SELECT 1 AS one"))
                    .withMessageContaining("pool size 1")
                    .satisfies(e -> assertThat(e.isTransient()).isTrue());

            unlock(lock);
            holder.join();
        }
    }

    @Test
    void waitsForAConnectionOnAnInterruptedThread() throws Exception {
        open(settings.applicationName("interrupted").poolSize(1).build());
        try (Connection lock = lock()) {
            Thread holder = new Thread(() -> select(TAKE_LOCK));
            holder.start();
            await().until(this::waitingForTheLock);
            CompletableFuture<Boolean> stayedInterrupted = new CompletableFuture<>();
            Thread waiter = new Thread(() -> {
                Thread.currentThread().interrupt();
                select("SELECT 1 AS one");
                stayedInterrupted.complete(Thread.interrupted());
            });
            waiter.start();
            await().until(() -> waiter.getState() == Thread.State.TIMED_WAITING);
            waiter.interrupt();

            unlock(lock);
            assertThat(stayedInterrupted.join()).isTrue();
            holder.join();
        }
    }

    @Test
    void tellsWhoWaitsForAConnectionThatThePoolWasClosed() throws Exception {
        open(settings.poolSize(1).build());
        try (Connection lock = lock()) {
            CompletableFuture<Throwable> cut = new CompletableFuture<>();
            new Thread(() -> cut.complete(catchThrowable(() -> select(TAKE_LOCK)))).start();
            await().until(this::waitingForTheLock);
            CompletableFuture<Throwable> outcome = new CompletableFuture<>();
            Thread waiter = new Thread(() -> outcome.complete(catchThrowable(() -> select("SELECT 1 AS one"))));
            waiter.start();
            await().until(() -> waiter.getState() == Thread.State.TIMED_WAITING);

            connector.close();

            assertThat(outcome.join())
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining("the pool was closed");
            assertThat(cut.join()).isInstanceOf(ConnectorException.class);
            unlock(lock);
        }
    }

    @Test
    void namesTheConstraintInAnyLanguage() {
        open(settings.build());
        connector.runScript("CREATE TABLE odd (id int, CONSTRAINT \"o\"\"d d\" UNIQUE (id))");
        connector.execute(query("INSERT INTO odd VALUES (1)"));

        assertThatExceptionOfType(UniqueViolationException.class)
                .isThrownBy(() -> connector.execute(query("INSERT INTO odd VALUES (1)")))
                .satisfies(e -> assertThat(e.constraint()).isEqualTo("o\"d d"));
    }

    @Test
    void survivesDdlUnderAPreparedStatement() {
        open(settings.poolSize(1).build());
        connector.runScript("CREATE TABLE wide (a int); INSERT INTO wide VALUES (1)");
        for (int i = 0; i < 10; i++) {
            select("SELECT * FROM wide");
        }
        connector.runScript("ALTER TABLE wide ADD COLUMN b int DEFAULT 2");

        assertThat(select("SELECT * FROM wide").columnNames()).containsExactly("a", "b");
    }

    @Test
    void replacesAConnectionThatTheServerEnded() {
        open(settings.poolSize(1).applicationName("ended").build());
        assertThatThrownBy(() -> select("SELECT pg_terminate_backend(pg_backend_pid())"))
                .isInstanceOf(ConnectorException.class);

        assertThat(select("SELECT 1 AS one").integer("one")).isEqualTo(1);
    }

    /** The connector that was made or opened last. */
    protected final SyncConnector connector() {
        return connector;
    }

    /** Closes the connector, and opens another one. */
    protected final void open(ConnectorSettings opened) {
        connector.close();
        connector = make.apply(opened);
        connector.open(null);
    }

    /** How many prepared statements with this text the session has after many executions. */
    protected final long preparedAfterManyExecutions() {
        String sql = "SELECT count(*) AS n FROM pg_prepared_statements WHERE statement LIKE '%AS n %'";
        Row row = select(sql);
        for (int i = 0; i < 10; i++) {
            row = select(sql);
        }
        return row.bigint("n");
    }

    protected final Row select(String sql) {
        return connector.execute(query(sql)).get(0);
    }

    private Connection lock() throws SQLException {
        Connection connection = database.connect();
        connection.createStatement().execute("SELECT pg_advisory_lock(1)");
        return connection;
    }

    private static void unlock(Connection connection) throws SQLException {
        connection.createStatement().execute("SELECT pg_advisory_unlock(1)");
    }

    private boolean waitingForTheLock() {
        return database.number("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                        + " AND wait_event_type = 'Lock'")
                == 1;
    }

    private List<String> poolThreads() {
        return threads.alive().stream()
                .filter(thread -> thread.startsWith("procrastinate-" + name + ":"))
                .toList();
    }

    private static BoundQuery query(String sql) {
        return Query.named("test").sql(sql).bind().build();
    }
}
