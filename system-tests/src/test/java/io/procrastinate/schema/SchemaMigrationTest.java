package io.procrastinate.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.procrastinate.App;
import io.procrastinate.connector.Identifiers;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.ProcrastinateException;
import io.procrastinate.exception.SchemaException;
import io.procrastinate.fixture.AppDatabase;
import io.procrastinate.job.JobStatus;
import io.procrastinate.job.RetryDecision;
import io.procrastinate.worker.WorkerOptions;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** From every level since 3.0 to the current one. */
class SchemaMigrationTest {

    /** Sessions that wait for an advisory lock of this database only: other tests run beside. */
    private static final String WAITING = "locktype = 'advisory' AND NOT granted"
            + " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

    private static final List<SchemaLevel> DOWNWARDS =
            List.of(SchemaLevel.V3_3, SchemaLevel.V3_2, SchemaLevel.V3_1, SchemaLevel.V3_0);

    private static final String ROWS = "SELECT id, queue_name, task_name, priority, lock, queueing_lock, args, status,"
            + " scheduled_at, attempts, abort_requested FROM procrastinate_jobs ORDER BY id";

    private AppDatabase database;
    private App app;
    private SchemaManager schema;

    @BeforeEach
    void open() throws SQLException {
        database = new AppDatabase();
        app = App.create(database.settings());
        Stages.join(app.openAsync());
        schema = app.schemaManager();
    }

    @AfterEach
    void close() throws SQLException {
        app.close();
        database.close();
    }

    @ParameterizedTest
    @EnumSource(names = {"V3_0", "V3_1", "V3_2", "V3_3"})
    void becomesWhatIsMadeAnewAndKeepsItsJobs(SchemaLevel level) throws SQLException {
        database.run(contract());
        List<String> fresh = database.rows(SchemaOptimizationTest.CATALOGUE);
        lower(database, level);
        assertThat(schema.level()).isEqualTo(level);
        insertJobs();
        List<String> jobs = database.rows(ROWS);

        boolean ensured =
                level == SchemaLevel.V3_3 ? schema.ensure() : !schema.migrate().isEmpty();

        assertThat(ensured).isTrue();
        assertThat(schema.level()).isEqualTo(SchemaLevel.CURRENT);
        assertThat(schema.missingParts()).isEmpty();
        assertThat(database.rows(SchemaOptimizationTest.CATALOGUE)).isEqualTo(fresh);
        assertThat(database.rows(ROWS)).isEqualTo(jobs);
        assertThat(schema.migrate()).isEmpty();
        assertThat(Stages.join(schema.migrateAsync())).isEmpty();
        jobsAreWorked();
    }

    private void insertJobs() throws SQLException {
        database.run(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, status, lock, args, scheduled_at, attempts)"
                        + " VALUES ('q', 'note', 'todo', NULL, '{\"a\": 1}', NULL, 0), ('q', 'note', 'todo', 'l', '{}',"
                        + " now() + interval '1 day', 2), ('q', 'note', 'failed', NULL, '{}', NULL, 1), ('q', 'note',"
                        + " 'succeeded', 'l', '{}', NULL, 1), ('q', 'note', 'cancelled', NULL, '{}', NULL, 0)");
    }

    private void jobsAreWorked() throws SQLException {
        app.task("note").run(args -> {});
        app.jobManager().retry(3, RetryDecision.now());
        app.configureTask("note").batchDefer(List.of(Map.of(), Map.of()));
        app.runWorker(WorkerOptions.builder().waitForJobs(false).build());
        assertThat(database.rows("SELECT id FROM procrastinate_jobs WHERE status = 'succeeded' ORDER BY id"))
                .containsExactly("1", "3", "4", "6", "7");
        assertThat(app.jobManager().status(2)).isEqualTo(JobStatus.TODO);
        assertThat(database.rows("SELECT type FROM procrastinate_events WHERE job_id = 3 ORDER BY id"))
                .contains("retried");
        schema.optimize();
        assertThat(schema.isOptimized()).isTrue();
    }

    @Test
    void theSqlToReadIsTheSqlThatIsRun() throws SQLException {
        database.run(contract());
        List<String> fresh = database.rows(SchemaOptimizationTest.CATALOGUE);
        lower(database, SchemaLevel.V3_0);
        List<String> before = database.rows(SchemaOptimizationTest.CATALOGUE);

        String sql = schema.migrationSql();
        assertThat(Stages.join(schema.migrationSqlAsync())).isEqualTo(sql);

        assertThat(schema.pendingMigrations()).isEqualTo(Migration.all());
        assertThat(database.rows(SchemaOptimizationTest.CATALOGUE)).isEqualTo(before);
        for (int time = 0; time < 2; time++) {
            app.connector().sync().runScript(sql);
            assertThat(database.rows(SchemaOptimizationTest.CATALOGUE)).isEqualTo(fresh);
        }
        assertThat(schema.migrationSql()).isEmpty();
    }

    @Test
    void twoAtOnceComeOneAfterTheOther() throws SQLException {
        database.run(contract());
        List<String> fresh = database.rows(SchemaOptimizationTest.CATALOGUE);
        lower(database, SchemaLevel.V3_0);
        try (App other = App.create(database.settings())) {
            Stages.join(other.openAsync());
            database.run("SELECT pg_advisory_lock(hashtext('procrastinate schema'), hashtext('public'))");
            List<CompletableFuture<?>> both = Stream.of(app, other)
                    .<CompletableFuture<?>>map(each -> CompletableFuture.runAsync(
                            () -> each.schemaManager().migrate(), SchemaMigrationTest::onItsOwnThread))
                    .toList();
            awaitWaiting(2);
            database.run("SELECT pg_advisory_unlock_all()");
            both.forEach(CompletableFuture::join);
        }
        assertThat(database.rows(SchemaOptimizationTest.CATALOGUE)).isEqualTo(fresh);
    }

    /** Its turn comes when another instance has migrated, and the jobs of that one keep the table busy. */
    @Test
    void anInstanceThatComesSecondNeedNotMigrate() throws SQLException {
        database.run(contract());
        lower(database, SchemaLevel.V3_2);
        database.run("SELECT pg_advisory_lock(hashtext('procrastinate schema'), hashtext('public'))");
        CompletableFuture<Boolean> second =
                CompletableFuture.supplyAsync(schema::ensure, SchemaMigrationTest::onItsOwnThread);
        awaitWaiting(1);
        database.run(schema.migrationSql());
        try (Connection busy = database.transaction()) {
            busy.createStatement().execute("INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('q', 't')");
            database.run("SELECT pg_advisory_unlock_all()");

            assertThat(second.join()).isFalse();
            busy.rollback();
        }
    }

    @Test
    void ensuringOneWithoutAFunctionThatIsCalledIsRefused() throws SQLException {
        schema.apply();
        database.run("ALTER FUNCTION procrastinate_cancel_job_v1 RENAME TO procrastinate_cancel_job_v99");

        assertThatExceptionOfType(SchemaException.class)
                .isThrownBy(schema::ensure)
                .withMessageContaining("Missing: function procrastinate_cancel_job_v1")
                .withMessageContaining("Nothing was changed");
    }

    /** The common pool has only one thread on a machine with two processors. */
    private static void onItsOwnThread(Runnable action) {
        new Thread(action).start();
    }

    @Test
    void interruptedInTheMiddleItHasDoneNothing() throws SQLException {
        database.run(contract());
        lower(database, SchemaLevel.V3_0);
        List<String> before = database.rows(SchemaOptimizationTest.CATALOGUE);
        // In another schema: the catalogues compared are those of "public".
        database.run("CREATE SCHEMA pause; CREATE FUNCTION pause.until_told() RETURNS event_trigger LANGUAGE plpgsql AS"
                + " 'BEGIN PERFORM pg_advisory_lock(4711); END'; CREATE EVENT TRIGGER pause ON ddl_command_start"
                + " WHEN TAG IN ('CREATE TYPE') EXECUTE FUNCTION pause.until_told(); SELECT pg_advisory_lock(4711)");

        CompletableFuture<?> migration = CompletableFuture.runAsync(schema::migrate);
        awaitWaiting(1);
        database.run("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE " + WAITING);

        assertThat(migration)
                .failsWithin(Duration.ofSeconds(30))
                .withThrowableThat()
                .havingCause()
                .isInstanceOf(ProcrastinateException.class);
        assertThat(database.rows(SchemaOptimizationTest.CATALOGUE)).isEqualTo(before);
        database.run("DROP EVENT TRIGGER pause");
        schema.migrate();
        assertThat(schema.level()).isEqualTo(SchemaLevel.CURRENT);
    }

    @Test
    void aLongTransactionIsNotWaitedFor() throws SQLException {
        database.run(contract());
        lower(database, SchemaLevel.V3_2);
        try (Connection other = database.transaction()) {
            other.createStatement().execute("INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('q', 't')");
            assertThatExceptionOfType(SchemaException.class)
                    .isThrownBy(schema::migrate)
                    .withMessageContaining("nothing was changed")
                    .withMessageContaining("Try again");
            other.rollback();
        }
        assertThat(schema.level()).isEqualTo(SchemaLevel.V3_2);
    }

    @Test
    void functionsOfOlderProgramsAreKeptIfThatIsWanted() throws SQLException {
        database.run(contract());
        List<String> fresh = database.rows(SchemaOptimizationTest.CATALOGUE);
        lower(database, SchemaLevel.V3_1);

        schema.migrate(MigrateOption.KEEP_OLD_FUNCTIONS);
        assertThat(schema.level()).isEqualTo(SchemaLevel.CURRENT);
        assertThat(database.rows("SELECT procrastinate_defer_job_v1('q', 't', 0, NULL, NULL, '{}', NULL)"))
                .containsExactly("1");
        assertThat(schema.migrate(MigrateOption.KEEP_OLD_FUNCTIONS)).isEmpty();

        assertThat(schema.migrate()).extracting(Migration::name).containsExactly("03.04.00_c_old_functions");
        assertThat(database.rows(SchemaOptimizationTest.CATALOGUE)).isEqualTo(fresh);
    }

    @Test
    void endsWhatOthersLeftBeforeItsEnd() throws SQLException {
        database.run(contract());
        List<String> fresh = database.rows(SchemaOptimizationTest.CATALOGUE);
        database.run("CREATE OR REPLACE FUNCTION procrastinate_trigger_function_status_events_update_v1()"
                + " RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'");

        assertThat(schema.migrate()).extracting(Migration::name).containsExactly("03.04.00_b_functions");

        assertThat(database.rows(SchemaOptimizationTest.CATALOGUE)).isEqualTo(fresh);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "V3_0 | DROP FUNCTION procrastinate_fetch_job_v1 | older than 3.0",
                "V3_2 | DROP TRIGGER procrastinate_trigger_delete_jobs_v1 ON procrastinate_jobs | trigger"
                        + " procrastinate_trigger_delete_jobs_v1",
                "V3_1 | DROP TABLE procrastinate_events | table procrastinate_events",
                "V3_3 | DROP INDEX procrastinate_jobs_lock_idx_v1 | index procrastinate_jobs_lock_idx_v1",
                "V3_3 | ALTER FUNCTION procrastinate_retry_job_v1 RENAME TO procrastinate_retry_job_v9 |"
                        + " procrastinate_retry_job_v1",
                "V3_3 | CREATE FUNCTION procrastinate_fetch_job_v9() RETURNS int LANGUAGE sql AS 'SELECT 1' |"
                        + " procrastinate_fetch_job_v9",
                "V3_0 | DROP TABLE procrastinate_jobs CASCADE | no schema of Procrastinate"
            })
    void whatItDoesNotKnowIsLeftAlone(SchemaLevel level, String change, String message) throws SQLException {
        database.run(contract());
        lower(database, level);
        database.run(change);
        List<String> before = database.rows(SchemaOptimizationTest.CATALOGUE);

        assertThatExceptionOfType(SchemaException.class)
                .isThrownBy(schema::migrate)
                .withMessageContaining(message);
        assertThatExceptionOfType(SchemaException.class).isThrownBy(schema::pendingMigrations);
        assertThatExceptionOfType(SchemaException.class).isThrownBy(schema::requireSupported);

        assertThat(database.rows(SchemaOptimizationTest.CATALOGUE)).isEqualTo(before);
    }

    @Test
    void aNewerSchemaThatStillHasWhatIsNeededIsWorkedWith() throws SQLException {
        database.run(contract());
        database.run("CREATE FUNCTION procrastinate_fetch_job_v9() RETURNS int LANGUAGE sql AS 'SELECT 1'");

        assertThat(schema.level()).isEqualTo(SchemaLevel.CURRENT);
        assertThat(schema.migrate()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"tasks", "Upper Case", "quo\"te", "ünï", "a.b"})
    void onlyTheFirstQueueOfTheSearchPathIsMigrated(String name) throws SQLException {
        String quoted = Identifiers.quote(name);
        database.run(contract());
        lower(database, SchemaLevel.V3_0);
        List<String> before = database.rows(SchemaOptimizationTest.CATALOGUE);
        database.run("CREATE SCHEMA " + quoted + "; SET search_path = " + quoted);
        database.run(contract());
        lower(database, SchemaLevel.V3_2);
        database.run(
                "RESET search_path; ALTER DATABASE " + database.name() + " SET search_path = " + quoted + ", public");
        try (App other = App.create(database.settings()).open()) {
            assertThat(other.schemaManager().level()).isEqualTo(SchemaLevel.V3_2);
            other.schemaManager().migrate();
            assertThat(other.schemaManager().level()).isEqualTo(SchemaLevel.CURRENT);
        }
        assertThat(database.rows(SchemaOptimizationTest.CATALOGUE)).isEqualTo(before);
    }

    private void awaitWaiting(long number) {
        await().atMost(Duration.ofSeconds(30))
                .until(() -> database.number("SELECT count(*) FROM pg_locks WHERE " + WAITING) == number);
    }

    /** Turns the schema into that of this level's releases. */
    static void lower(AppDatabase database, SchemaLevel level) throws SQLException {
        for (SchemaLevel step : DOWNWARDS.subList(0, DOWNWARDS.indexOf(level) + 1)) {
            database.run(text(SchemaMigrationTest.class, "levels/down_to_" + step + ".sql"));
        }
    }

    static String contract() {
        return text(SchemaManager.class, "schema.sql");
    }

    private static String text(Class<?> owner, String name) {
        try (InputStream stream = owner.getResourceAsStream(name)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
