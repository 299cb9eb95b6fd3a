package io.procrastinate.tck;

import static io.procrastinate.tck.Sql.sql;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.procrastinate.connector.Capability;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.exception.AppNotOpenException;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.ProcrastinateException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Failing to open, and opening and closing on many threads. */
@Needs(Capability.SQL)
abstract class OpeningContract extends Contract {

    private static final String TRIED_AT_ONCE =
            "It connects right away: when this method returns, the database has answered.";
    private static final String FAILS =
            "if the database cannot be reached or refuses the login, or if the pool is of another kind (the message"
                    + " names both kinds); nothing is left open then";
    private static final String SECRET = "tck-s3cret";

    OpeningContract(ConnectorTck tck, Calls calls) {
        super(tck, calls);
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says = {TRIED_AT_ONCE, FAILS},
            lookAt = "a pool that connects lazily or in the background: take a connection before open returns")
    void failsWhereNobodyListens() {
        ConnectorSettings nowhere =
                settings().toBuilder().port(TcpProxy.deadPort()).build();
        ConnectorException failure = failsToOpen(nowhere);
        assertThat(failure.isTransient())
                .as("transient: the server may come up")
                .isTrue();
        assertThat(failure).as("the message says where").hasMessageContaining(Integer.toString(nowhere.port()));
    }

    @Test
    @Promise(
            of = {SyncConnector.class, ConnectorSettings.class},
            says = {FAILS, "How long making a connection, or waiting for a free one, may take; default 10 seconds"},
            lookAt = "the connect time-out: a server that accepts and never answers must not hold up open")
    void failsWhereNobodyAnswers() {
        TcpProxy proxy = keep(TcpProxy.to(settings()));
        proxy.freezeEverything();
        ConnectorException failure = failsToOpen(proxy.through(settings()).toBuilder()
                .connectTimeout(Duration.ofSeconds(1))
                .build());
        assertThat(failure.isTransient()).as("transient: " + failure).isTrue();
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says = {TRIED_AT_ONCE, FAILS},
            lookAt = "the SQLSTATE of a login that the server refuses")
    void failsForADatabaseThatIsNotThere() {
        ConnectorException failure =
                failsToOpen(settings().toBuilder().database("absent_database").build());
        assertThat(failure.sqlState()).isEqualTo("3D000");
        assertThat(failure).hasMessageContaining("absent_database");
    }

    @Test
    @Promise(
            of = {SyncConnector.class, ConnectorSettings.class},
            says = {FAILS, "The password, or null if none is needed"},
            lookAt = "how the password is passed to the driver, and the SQLSTATE of a refused login")
    void refusedLoginsFailAsTheServerSays() {
        String role = database().name() + "_role";
        database().run("CREATE ROLE " + role + " LOGIN PASSWORD 'right'");
        keep(() -> database().run("DROP ROLE " + role));
        ConnectorSettings wrong =
                settings().toBuilder().user(role).password("wrong").build();
        String expected = sqlStateOfLogin(wrong);
        if (expected == null) {
            opened(wrong).close(); // the server trusts everyone
        } else {
            ConnectorException failure = failsToOpen(wrong);
            assertThat(failure.sqlState()).isEqualTo(expected);
            assertThat(failure.isTransient()).isFalse();
        }
        opened(wrong.toBuilder().password("right").build()).close();
    }

    private @Nullable String sqlStateOfLogin(ConnectorSettings settings) {
        try (Connection connection = TestDatabase.dataSource(settings).getConnection()) {
            return connection.isValid(5) ? null : "08006";
        } catch (SQLException e) {
            return e.getSQLState();
        }
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says = FAILS,
            lookAt = "the pool and the threads that a failed open has made already: close them")
    void leavesNothingOpenWhenItFails() {
        ConnectorSettings nowhere =
                settings().toBuilder().database("absent_database").build();
        for (int time = 0; time < 3; time++) {
            failsToOpen(nowhere);
        }
        awaitNoThreads();
        assertThat(database().connections(TestDatabase.UNDER_TEST)).isZero();
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says = "A closed connector can be opened again.",
            lookAt = "state that a failed open leaves behind")
    void opensAfterItFailedTo() {
        TcpProxy proxy = keep(TcpProxy.to(settings()));
        proxy.refuse();
        ConnectorSettings through = proxy.through(settings());
        Subject subject = closed(through);
        assertThat(catchThrowable(() -> subject.open(poolFor(through)))).isInstanceOf(ConnectorException.class);
        proxy.accept();
        subject.open(poolFor(through));
        assertThat(subject.isOpen()).isTrue();
    }

    @Test
    @Promise(
            of = {ConnectorSettings.class, ProcrastinateException.class},
            says = {"Passwords are never printed.", "Its message says what was tried, what was found and what to do."},
            lookAt = "connection URLs and properties in messages, in causes and in toString()")
    void neverPrintsThePassword() {
        ConnectorSettings secret = settings().toBuilder()
                .password(SECRET)
                .port(TcpProxy.deadPort())
                .build();
        Subject subject = closed(secret);
        Throwable failure = catchThrowable(() -> subject.open(poolFor(secret)));
        StringWriter trace = new StringWriter();
        failure.printStackTrace(new PrintWriter(trace, true));
        assertThat(trace.toString()).as("the failure and its causes").doesNotContain(SECRET);
        assertThat(subject.created().toString()).as("the connector as text").doesNotContain(SECRET);
        assertThat(subject.called().toString()).as("the connector as text").doesNotContain(SECRET);
    }

    @Test
    @Promise(
            of = {SyncConnector.class, Connector.class},
            says = {"Opening an open connector does nothing.", "Connectors are thread-safe."},
            lookAt = "concurrent opens: both make a pool, and one of them is lost")
    void opensOnceWhenManyThreadsOpen() throws Exception {
        Subject subject = closed();
        atOnce(8, () -> subject.open(poolFor(settings())));
        assertThat(subject.isOpen()).isTrue();
        assertThat(subject.execute(sql("SELECT 1 AS one"))).hasSize(1);
        subject.close();
        awaitNoConnections();
    }

    @Test
    @Promise(
            of = {SyncConnector.class, Connector.class},
            says = {
                "Running calls may fail with a ConnectorException; later ones fail with AppNotOpenException.",
                "Connectors are thread-safe."
            },
            lookAt = "calls that race with close: no other exception may come out, no connection may be left")
    void closesWhileCallsAreUnderWay() throws Exception {
        Subject subject = opened(settings().toBuilder().poolSize(3).build());
        List<Throwable> odd = new ArrayList<>();
        ExecutorService threads = Executors.newCachedThreadPool();
        try {
            List<Future<?>> calls = new ArrayList<>();
            for (int thread = 0; thread < 6; thread++) {
                calls.add(threads.submit(() -> callUntilClosed(subject, odd)));
            }
            Patience.await("calls to be under way").until(() -> database().connections(TestDatabase.UNDER_TEST) > 0);
            subject.close();
            for (Future<?> call : calls) {
                call.get(Patience.bound().toSeconds(), TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(odd)
                .as("exceptions other than ConnectorException and AppNotOpenException")
                .isEmpty();
        awaitNoConnections();
    }

    private static void callUntilClosed(Subject subject, List<Throwable> odd) {
        while (true) {
            try {
                subject.execute(sql("SELECT pg_sleep(0.002)"));
            } catch (AppNotOpenException e) {
                return;
            } catch (ConnectorException e) {
                if (!subject.isOpen()) {
                    continue; // cut off by close: the next call must say so
                }
                note(odd, e);
                return;
            } catch (RuntimeException | Error e) {
                note(odd, e);
                return;
            }
        }
    }

    private static void note(List<Throwable> odd, Throwable failure) {
        synchronized (odd) {
            odd.add(failure);
        }
    }

    private static void atOnce(int times, Runnable action) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(times);
        try {
            List<Future<?>> calls = new ArrayList<>();
            for (int thread = 0; thread < times; thread++) {
                calls.add(threads.submit(action));
            }
            for (Future<?> call : calls) {
                call.get(Patience.bound().toSeconds(), TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private ConnectorException failsToOpen(ConnectorSettings settings) {
        Subject subject = closed(settings);
        Throwable failure = catchThrowable(() -> subject.open(poolFor(settings)));
        assertThat(failure).as("what open failed with").isInstanceOf(ConnectorException.class);
        assertThat(subject.isOpen()).as("open after it failed").isFalse();
        return (ConnectorException) failure;
    }
}
