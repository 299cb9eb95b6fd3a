package io.procrastinate.tck;

import static io.procrastinate.connector.ParameterType.BIGINT;
import static io.procrastinate.tck.Sql.sql;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.Identifiers;
import io.procrastinate.connector.Row;
import io.procrastinate.driver.SessionSettings;
import io.procrastinate.exception.ConnectorException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceAccessMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Each setting means the same to every connector that opens a pool of its own. */
@Needs({Capability.SQL, Capability.OWN_POOL})
abstract class SettingsContract extends Contract {

    private static final String SAME = "The same settings mean the same to every connector.";

    SettingsContract(ConnectorTck tck, Calls calls) {
        super(tck, calls);
    }

    @Test
    @Promise(
            of = ConnectorSettings.class,
            says = {SAME, "What the server shows for the connections; default procrastinate"},
            lookAt = "the driver's property for the application's name")
    void showsTheApplicationName() {
        Row row = opened(settings().toBuilder()
                        .applicationName("my app, \"really\"")
                        .build())
                .row(sql("SELECT current_setting('application_name') AS name, current_user::text AS who,"
                        + " current_database()::text AS where"));
        assertThat(row.text("name")).isEqualTo("my app, \"really\"");
        assertThat(row.text("who")).isEqualTo(settings().user());
        assertThat(row.text("where")).isEqualTo(settings().database());
    }

    @Test
    @Promise(
            of = ConnectorSettings.class,
            says = {
                SAME,
                "The schema that holds the tables, set as the search path of the connector's own connections, or"
                        + " null for the server's search path"
            },
            lookAt = "the search path: it is one schema whose name may need quotes, on every connection of the pool")
    void searchesTheSchema() {
        for (String schema : List.of("jobs", "My \"Odd\", Schema", "com,ma", "ünï", "back\\slash", "select")) {
            database().run("CREATE SCHEMA " + Identifiers.quote(schema));
            Subject subject = opened(settings().toBuilder().schema(schema).build());
            assertThat(subject.row(sql("SELECT current_schema()::text AS schema"))
                            .text("schema"))
                    .isEqualTo(schema);
            subject.runScript("CREATE TABLE t (id bigint)");
            assertThat(database().texts("SELECT schemaname FROM pg_tables WHERE tablename = 't'"))
                    .contains(schema);
        }
        assertThat(opened().row(sql("SELECT current_schema()::text AS schema")).text("schema"))
                .isEqualTo("public");
    }

    @Test
    @Promise(
            of = SessionSettings.class,
            says = "The server settings that a connector gives to the connections of its own pool, unless the"
                    + " application switches off prepared statements, as it does behind a pooler that"
                    + " refuses these settings.",
            lookAt = "the settings of a new connection of the pool: SessionSettings has them, ServerVariables"
                    + " renders them")
    void givesItsConnectionsTheSessionSettings() {
        Subject subject = opened();
        SessionSettings.parameters()
                .forEach((name, value) -> assertThat(subject.row(sql("SELECT current_setting('" + name + "') AS value"))
                                .text("value"))
                        .as(name)
                        .isEqualTo(value));
    }

    @Test
    @ResourceLock(value = PromptCancel.SHARED, mode = ResourceAccessMode.READ)
    @Promise(
            of = ConnectorSettings.class,
            says = {SAME, "How long a statement may take unless it has a limit of its own; default 30 seconds"},
            lookAt = "the time-out of statements without a deadline of their own")
    void limitsStatements() {
        Subject subject = opened(
                settings().toBuilder().statementTimeout(Duration.ofMillis(300)).build());
        assertTransient(catchThrowable(() -> subject.execute(sql("SELECT pg_sleep(300)"))));
        Row longer = subject.row(Sql.of("SELECT pg_sleep(1.2), 1 AS one")
                .deadline(Duration.ofSeconds(60))
                .bound());
        assertThat(longer.integer("one"))
                .as("a statement whose own deadline is longer")
                .isOne();
    }

    @Test
    @Promise(
            of = ConnectorSettings.class,
            says = {
                SAME,
                "How many connections the connector's own pool opens at most, besides those that listen or are"
                        + " reserved; at least 1, default 10"
            },
            lookAt = "the pool's size, and connections that are opened beside the pool")
    void opensNoMoreConnectionsThanThePoolHolds() throws Exception {
        Subject subject = opened(settings().toBuilder().poolSize(3).build());
        ExecutorService threads = Executors.newFixedThreadPool(12);
        try {
            List<Future<Integer>> calls = new ArrayList<>();
            for (int call = 0; call < 48; call++) {
                calls.add(threads.submit(() -> subject.row(sql("SELECT pg_sleep(0.01), (SELECT count(*)::integer FROM"
                                + " pg_stat_activity WHERE datname = current_database() AND application_name ="
                                + " current_setting('application_name') AND backend_type = 'client backend') AS n"))
                        .integer("n")));
            }
            for (Future<Integer> call : calls) {
                assertThat(call.get(Patience.bound().toSeconds(), TimeUnit.SECONDS))
                        .as("connections of the connector")
                        .isLessThanOrEqualTo(3);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    @Promise(
            of = {ConnectorSettings.class, ConnectorException.class},
            says = {
                "How long making a connection, or waiting for a free one, may take; default 10 seconds",
                "the five-character SQLSTATE, or null if the failure has none (a lost connection, a full pool)"
            },
            lookAt = "the wait for a free connection: it ends, and its end is a transient ConnectorException")
    void waitsForAFreeConnectionNoLongerThanItMay() throws Exception {
        Subject subject = opened(settings().toBuilder()
                .poolSize(1)
                .connectTimeout(Duration.ofSeconds(5)) // on a busy machine, opening takes a while, too
                .build());
        ExecutorService threads = Executors.newSingleThreadExecutor();
        try {
            Future<List<Row>> holder = threads.submit(() -> subject.execute(sql("SELECT pg_sleep(300) /* holder */")));
            Patience.await("the only connection to be busy").until(() -> running("/* holder */") == 1);
            assertTransient(catchThrowable(() -> subject.execute(sql("SELECT 1"))));
            database()
                    .run(
                            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE ? AND state ="
                                    + " 'active' AND pid <> pg_backend_pid() AND datname = current_database()",
                            "%/* holder */%");
            assertThat(catchThrowable(() -> holder.get(Patience.bound().toSeconds(), TimeUnit.SECONDS)))
                    .hasRootCauseInstanceOf(Exception.class);
            assertThat(subject.execute(sql("SELECT 1"))).as("once it is free").hasSize(1);
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    @Promise(
            of = {ConnectorSettings.class, BoundQuery.class},
            says = {
                SAME,
                "default 30 seconds, longer values are capped at 24 days",
                "Limits how long the statement may take, to at most 24 days."
            },
            lookAt = "sums and conversions of time-outs: 24 days must not overflow")
    void takesTimeOutsThatNeverPass() {
        Duration never = ChronoUnit.FOREVER.getDuration();
        Subject subject = opened(settings().toBuilder()
                .connectTimeout(never)
                .statementTimeout(never)
                .build());
        assertThat(subject.execute(sql("SELECT 1"))).hasSize(1);
        assertThat(subject.execute(Sql.of("SELECT 1").deadline(never).bound())).hasSize(1);
    }

    private long running(String part) {
        return database()
                .number(
                        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND datname = current_database()"
                                + " AND position(? in query) > 0 AND pid <> pg_backend_pid()",
                        part);
    }

    @Test
    @Needs(Capability.UNPREPARED)
    @Promise(
            of = {ConnectorSettings.class, Capability.class},
            says = {
                "Whether the server prepares statements; switch it off behind a pooler that hands out connections"
                        + " per transaction, such as PgBouncer; default true",
                "Works without server-side prepared statements, as poolers require that hand out connections per"
                        + " transaction.",
                "A connector without it refuses to open when ConnectorSettings.preparedStatements() is off."
            },
            lookAt = "the driver's setting for named prepared statements, and its cache of them")
    void preparesNothingWhereItMustNot() {
        Subject subject = opened(
                settings().toBuilder().poolSize(1).preparedStatements(false).build());
        for (int time = 0; time < 12; time++) {
            assertThat(subject.row(Sql.echo(BIGINT, 7L)).bigint("v")).isEqualTo(7);
        }
        assertThat(subject.row(sql("SELECT count(*) AS n FROM pg_prepared_statements"))
                        .bigint("n"))
                .as("statements that the session has prepared")
                .isZero();
    }

    @Test
    @Promise(
            of = ConnectorSettings.class,
            says = "The mode of encryption, as libpq names it: disable, allow, prefer (default), require, verify-ca,"
                    + " verify-full",
            lookAt = "the mapping of the mode to the driver: require must never fall back to plain text")
    void neverFallsBackFromRequiredEncryption() {
        ConnectorSettings encrypted = settings().toBuilder().sslMode("require").build();
        if ("on".equals(database().text("SHOW ssl"))) {
            assertThat(opened(encrypted)
                            .row(sql("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
                            .bool("ssl"))
                    .isTrue();
        } else {
            assertThat(catchThrowable(() -> opened(encrypted)))
                    .as("opening with sslmode=require a server without encryption")
                    .isInstanceOf(ConnectorException.class);
        }
        assertThat(opened(settings().toBuilder().sslMode("prefer").build()).isOpen())
                .isTrue();
    }

    private static void assertTransient(Throwable failure) {
        assertThat(failure).isInstanceOf(ConnectorException.class);
        assertThat(((ConnectorException) failure).isTransient())
                .as("transient: " + failure)
                .isTrue();
    }
}
