package io.procrastinate.connector.dbcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.procrastinate.App;
import io.procrastinate.adapter.ThreadedConnector;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ConnectorProvider;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.jdbc.JdbcConnector;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.job.JobFilter;
import io.procrastinate.job.JobStatus;
import io.procrastinate.tck.TcpProxy;
import io.procrastinate.tck.TestDatabase;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerOptions;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.commons.dbcp2.BasicDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DbcpConnectorTest {

    private final TestDatabase database = TestDatabase.create();
    private final ConnectorSettings settings = database.settings().toBuilder()
            .applicationName("shared")
            .poolSize(3)
            .connectTimeout(Duration.ofSeconds(5))
            .build();

    private final BasicDataSource pool = Pools.open(settings);
    private final JdbcConnector connector = DbcpConnector.create(settings);

    @AfterEach
    void close() throws SQLException {
        connector.close();
        assertThat(pool.isClosed()).isFalse();
        assertThat(pool.getNumActive())
                .as("connections that were not given back")
                .isZero();
        pool.close();
        database.close();
    }

    @Test
    void isRegistered() {
        assertThat(ServiceLoader.load(ConnectorProvider.class))
                .extracting(ConnectorProvider::name)
                .contains("dbcp", "pgjdbc");
        assertThat(connector.capabilities()).doesNotContain(Capability.OWN_POOL).contains(Capability.LISTEN);
    }

    @Test
    void usesTheConnectionsOfThePoolAndNoOther() throws SQLException {
        pool.setMaxTotal(1);
        connector.open(pool);

        long first = select("SELECT pg_backend_pid()::bigint AS pid").bigint("pid");

        assertThat(select("SELECT pg_backend_pid()::bigint AS pid").bigint("pid"))
                .isEqualTo(first);
        assertThat(select("SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'shared'"
                                + " AND datname = current_database()")
                        .bigint("n"))
                .isEqualTo(1);
    }

    @Test
    void refusesADataSourceOfAnotherKindAndNone() {
        assertThatThrownBy(() -> connector.open(database.dataSource()))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("org.apache.commons.dbcp2.BasicDataSource")
                .hasMessageContaining("PGSimpleDataSource");
        assertThatThrownBy(() -> connector.open(null))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("app.open(dataSource)");
    }

    @Test
    void replacesConnectionsThatTheServerEndedWhileTheyLayInThePool() throws SQLException {
        pool.setTestOnBorrow(false);
        pool.setInitialSize(3);
        AtomicLong nanoTime = new AtomicLong();
        DbcpPool lender = new DbcpPool(pool, Duration.ofSeconds(30), nanoTime::get);
        lender.borrow().close();
        nanoTime.addAndGet(Duration.ofSeconds(1).toNanos());
        endAll("shared");

        try (Connection connection = lender.borrow()) {
            assertThat(connection.isValid(30)).isTrue();
        }
    }

    @Test
    void replacesConnectionsThatWereCutWithoutAWord() throws SQLException {
        try (TcpProxy proxy = TcpProxy.to(settings);
                BasicDataSource behindProxy = Pools.open(proxy.through(settings))) {
            behindProxy.setTestOnBorrow(false);
            behindProxy.setInitialSize(3);
            AtomicLong nanoTime = new AtomicLong();
            DbcpPool lender = new DbcpPool(behindProxy, Duration.ofSeconds(30), nanoTime::get);
            lender.borrow().close();
            nanoTime.addAndGet(Duration.ofSeconds(1).toNanos());
            proxy.cut();

            try (Connection connection = lender.borrow()) {
                assertThat(connection.isValid(30)).isTrue();
            }
            assertThat(behindProxy.getNumActive()).isZero();
        }
    }

    @Test
    void preparesNothingWhenToldSoWhateverThePoolDoes() throws SQLException {
        pool.setMaxTotal(1);
        JdbcConnector unprepared = DbcpConnector.create(
                settings.toBuilder().preparedStatements(false).build());
        unprepared.open(pool);
        String prepared = "SELECT count(*) AS n FROM pg_prepared_statements";
        for (int time = 0; time < 10; time++) {
            assertThat(unprepared.execute(query(prepared)).get(0).bigint("n")).isZero();
        }
        try (Connection callers = pool.getConnection()) {
            for (int time = 0; time < 10; time++) {
                assertThat(unprepared.execute(query(prepared), callers).get(0).bigint("n"))
                        .isZero();
            }
        }
        unprepared.close();
    }

    @Test
    void trustsConnectionsThatThePoolTests() throws SQLException {
        pool.setTestOnBorrow(true);
        connector.open(pool);
        endAll("shared");

        assertThat(select("SELECT 1 AS one").integer("one")).isEqualTo(1);
    }

    @Test
    void doesNotRepeatAStatementThatWasUnderWay() throws SQLException {
        connector.open(pool);
        connector.runScript("CREATE TABLE IF NOT EXISTS once (id int); TRUNCATE once");

        assertThatExceptionOfType(ConnectorException.class)
                .isThrownBy(() -> select("WITH kept AS (INSERT INTO once VALUES (1) RETURNING id)"
                        + " SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(10) FROM kept"))
                .satisfies(e -> assertThat(e.isTransient()).isTrue());

        assertThat(select("SELECT count(*) AS n FROM once").bigint("n")).isZero();
    }

    @Test
    void worksOnAPoolWithoutAutocommitAndLeavesItSo() throws SQLException {
        pool.setDefaultAutoCommit(false);
        pool.setAutoCommitOnReturn(false);
        connector.open(pool);
        connector.runScript("CREATE TABLE IF NOT EXISTS committed (id int); TRUNCATE committed");

        connector.execute(query("INSERT INTO committed VALUES (1)"));

        try (Connection connection = pool.getConnection()) {
            assertThat(connection.getAutoCommit()).isFalse();
        }
        assertThat(select("SELECT count(*) AS n FROM committed").bigint("n")).isEqualTo(1);
    }

    @Test
    void listensOnABorrowedConnectionWhateverThePoolAllows() throws SQLException {
        for (boolean allowed : new boolean[] {true, false}) {
            pool.setAccessToUnderlyingConnectionAllowed(allowed);
            connector.open(pool);
            try (ListenSession session = connector.listen(List.of("borrowed"))) {
                assertThat(pool.getNumActive()).isEqualTo(1);
                select("SELECT pg_notify('borrowed', '" + allowed + "')::text AS done");
                assertThat(session.await(Duration.ofSeconds(30)))
                        .containsExactly(new Notification("borrowed", String.valueOf(allowed)));
            }
            await().until(() -> pool.getNumActive() == 0);
            connector.close();
        }
    }

    @Test
    void aWorkerNeedsOneConnectionBesideThoseThatItKeeps() {
        pool.setMaxTotal(2);
        try (App app =
                App.builder().connector(ThreadedConnector.over(connector)).build()) {
            Stages.join(app.openAsync(pool));
            app.schemaManager().apply();
            app.task("child").run(args -> {});
            app.task("parent").run(args -> app.configureTask("child").defer(Map.of()));
            app.configureTask("parent").defer(Map.of());
            WorkerOptions options = WorkerOptions.builder()
                    .fetchPollingInterval(Duration.ofMillis(200))
                    .build();
            assertThatExceptionOfType(ConnectorException.class)
                    .isThrownBy(() -> app.worker(options))
                    .withMessageContaining("it has 2 of the 3 connections that are needed at least")
                    .withMessageContaining("listenUrl")
                    .withMessageContaining("listenNotify(false)")
                    .satisfies(refusal -> assertThat(refusal.isTransient()).isFalse());
            try (Worker worker =
                    app.worker(options.toBuilder().listenNotify(false).build())) {
                worker.start();
                await().atMost(Duration.ofSeconds(30))
                        .until(() -> app.jobManager()
                                        .list(JobFilter.ALL.status(JobStatus.SUCCEEDED))
                                        .size()
                                == 2);
            }
        }
        assertThat(pool.getNumActive())
                .as("connections that were not given back")
                .isZero();
    }

    @Test
    void saysThatThePoolIsExhausted() throws SQLException {
        pool.setMaxTotal(1);
        connector.open(pool);
        try (Connection taken = pool.getConnection()) {
            assertThat(taken.isClosed()).isFalse();
            assertThatExceptionOfType(ConnectorException.class)
                    .isThrownBy(() -> select("SELECT 1 AS one"))
                    .satisfies(e -> assertThat(e.isTransient()).isTrue());
        }
    }

    @Test
    void waitsForAConnectionOnAnInterruptedThread() throws Exception {
        pool.setMaxTotal(1);
        pool.setMaxWait(Duration.ofSeconds(30));
        JdbcConnector patient = DbcpConnector.create(
                settings.toBuilder().connectTimeout(Duration.ofSeconds(30)).build());
        patient.open(pool);
        boolean[] stayedInterrupted = new boolean[1];
        Thread waiter;
        try (Connection taken = pool.getConnection()) {
            assertThat(taken.isClosed()).isFalse();
            waiter = new Thread(() -> {
                patient.execute(query("SELECT 1 AS one"));
                stayedInterrupted[0] = Thread.interrupted();
            });
            waiter.start();
            await().until(() -> waiter.getState() == Thread.State.TIMED_WAITING);
            waiter.interrupt();
        }
        waiter.join();
        assertThat(stayedInterrupted[0]).isTrue();
    }

    @Test
    void doesNotWaitForEverForAPoolThatDoes() throws SQLException {
        pool.setMaxTotal(1);
        pool.setMaxWait(Duration.ofMillis(-1));
        connector.open(pool);
        try (Connection taken = pool.getConnection()) {
            assertThat(taken.isClosed()).isFalse();
            assertThatExceptionOfType(ConnectorException.class)
                    .isThrownBy(() -> select("SELECT 1 AS one"))
                    .withMessageContaining("gave no connection within PT5S")
                    .satisfies(e -> assertThat(e.isTransient()).isTrue());
        }
        await().untilAsserted(() -> assertThat(pool.getNumActive()).isZero());
    }

    private void endAll(String application) {
        database.terminate(application);
        await().until(() -> database.connections(application) == 0);
    }

    private Row select(String sql) {
        return connector.execute(query(sql)).get(0);
    }

    private static BoundQuery query(String sql) {
        return Query.named("test").sql(sql).bind().build();
    }
}
