package io.procrastinate.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.procrastinate.App;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.SchemaException;
import io.procrastinate.tck.TestDatabase;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerOptions;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/** Our layout of the tables: that it comes and goes, and that nobody can tell by the rows. */
class SchemaOptimizationTest {

    /** Everything that is named in the schema, as the catalogue shows it. */
    static final String CATALOGUE = """
        SELECT string_agg(line, E'\\n' ORDER BY line) AS text
          FROM (SELECT 'function ' || proname || ' ' || pg_get_functiondef(oid) FROM pg_proc
                 WHERE pronamespace = 'public'::regnamespace
                UNION ALL
                SELECT 'trigger ' || tgenabled::text || ' ' || pg_get_triggerdef(oid) FROM pg_trigger
                 WHERE NOT tgisinternal
                   AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
                UNION ALL
                SELECT 'index ' || indisvalid || ' ' || pg_get_indexdef(indexrelid) FROM pg_index
                 WHERE indrelid::regclass::text LIKE 'procrastinate%'
                UNION ALL
                SELECT 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
                 WHERE connamespace = 'public'::regnamespace
                UNION ALL
                SELECT 'relation ' || relname || relkind::text || ' ' || COALESCE(reloptions::text, '') FROM pg_class
                 WHERE relnamespace = 'public'::regnamespace
                UNION ALL
                SELECT 'type ' || typname FROM pg_type WHERE typnamespace = 'public'::regnamespace
                UNION ALL
                SELECT 'column ' || attrelid::regclass || ' ' || attname || ' ' || format_type(atttypid, atttypmod) || ' '
                       || attnotnull || ' ' || COALESCE(pg_get_expr(adbin, adrelid), '')
                  FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
                  LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
                 WHERE c.relnamespace = 'public'::regnamespace AND relkind IN ('r', 'c') AND attnum > 0 AND NOT attisdropped
                UNION ALL
                SELECT 'labels ' || enumtypid::regtype || ' ' || string_agg(enumlabel, ' ' ORDER BY enumsortorder)
                  FROM pg_enum
                 WHERE enumtypid IN (SELECT oid FROM pg_type WHERE typnamespace = 'public'::regnamespace)
                 GROUP BY enumtypid) AS named (line)
        """;

    /** Statements that fire every trigger, for single and for many rows. */
    private static final List<String> LIFE = List.of(
            "INSERT INTO procrastinate_workers DEFAULT VALUES",
            "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('q', 'one')",
            "INSERT INTO procrastinate_jobs (queue_name, task_name, scheduled_at, queueing_lock) SELECT CASE n % 2"
                    + " WHEN 0 THEN 'q' ELSE 'r' END, 'many', CASE n % 3 WHEN 0 THEN timestamptz '2031-01-01 00:00Z' END,"
                    + " n FROM generate_series(1, 9) AS n",
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status) VALUES ('q', 'ended', 'succeeded')",
            "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock) VALUES ('q', 'x', '1') ON CONFLICT"
                    + " DO NOTHING",
            "UPDATE procrastinate_jobs SET priority = 1 WHERE status = 'todo'",
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = 1 WHERE id <= 8",
            "SELECT procrastinate_cancel_job_v1(1, true, false)::text",
            "SELECT procrastinate_cancel_job_v1(1, true, false)::text",
            "UPDATE procrastinate_jobs SET worker_id = NULL WHERE id = 1",
            "SELECT procrastinate_retry_job_v2(1, NULL, NULL, NULL, NULL)::text",
            "SELECT procrastinate_retry_job_v2(2, '2032-01-01 00:00Z', 3, NULL, NULL)::text",
            "UPDATE procrastinate_jobs SET status = 'failed', attempts = 1 WHERE id IN (3, 4)",
            "SELECT procrastinate_retry_job_v2(3, '2032-01-01 00:00Z', NULL, NULL, NULL)::text",
            "UPDATE procrastinate_jobs SET status = CASE id WHEN 5 THEN 'succeeded' WHEN 6 THEN 'aborted' ELSE 'todo'"
                    + " END::procrastinate_job_status WHERE id IN (5, 6, 7)",
            "SELECT procrastinate_cancel_job_v1(9, true, false)::text",
            "SELECT procrastinate_cancel_job_v1(10, false, false)::text",
            "SELECT procrastinate_finish_job_v1(8, 'succeeded', true)::text");

    private TestDatabase database;
    private final List<App> apps = new ArrayList<>();
    private App app;

    @BeforeEach
    void open() throws SQLException {
        database = TestDatabase.create();
        app = app();
    }

    @AfterEach
    void close() throws SQLException {
        apps.forEach(App::close);
        database.close();
    }

    @Test
    void applyMakesAnOptimizedSchema() {
        app.schemaManager().apply();

        assertThat(app.schemaManager().isOptimized()).isTrue();
    }

    @Test
    void comesAndGoesWithoutATrace() {
        applyContract();
        String contract = catalogue();

        for (int time = 0; time < 2; time++) {
            app.schemaManager().optimize();
            assertThat(app.schemaManager().isOptimized()).isTrue();
        }
        String optimized = catalogue();
        assertThat(optimized).isNotEqualTo(contract);

        for (int time = 0; time < 2; time++) {
            app.schemaManager().deoptimize();
            assertThat(app.schemaManager().isOptimized()).isFalse();
            assertThat(catalogue()).isEqualTo(contract);
        }

        app.schemaManager().optimize();
        assertThat(catalogue()).isEqualTo(optimized);
    }

    @Test
    void setsWhenTheTableIsVacuumedUnlessSomebodyHas() {
        applyContract();
        execute("ALTER TABLE procrastinate_jobs SET (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.3)");
        String contract = catalogue();

        app.schemaManager().optimize();
        assertThat(catalogue()).contains("{fillfactor=90,autovacuum_vacuum_scale_factor=0.3,vacuum_index_cleanup=on}");
        assertThat(app.schemaManager().isOptimized()).isTrue();
        app.schemaManager().deoptimize();
        assertThat(catalogue()).isEqualTo(contract);

        execute("ALTER TABLE procrastinate_jobs RESET (fillfactor, autovacuum_vacuum_scale_factor)");
        app.schemaManager().optimize();
        assertThat(catalogue()).contains("{autovacuum_vacuum_scale_factor=0.01,vacuum_index_cleanup=on}");
        execute("ALTER TABLE procrastinate_jobs SET (autovacuum_vacuum_scale_factor = 0.5)");
        assertThat(app.schemaManager().isOptimized()).isTrue();
    }

    @Test
    void isTheSameWhetherAppliedOrAdded() throws SQLException {
        app.schemaManager().apply();
        String applied = catalogue();
        app.close();
        close();
        open();

        applyContract();
        app.schemaManager().optimize();

        assertThat(catalogue()).isEqualTo(applied);
    }

    @Test
    void nobodyCanTellByTheRows() throws SQLException {
        applyContract();
        List<String> contract = rowsOfALife();
        assertThat(contract).hasSizeGreaterThan(30);

        app.schemaManager().optimize();
        assertThat(rowsOfALife()).isEqualTo(contract);

        app.schemaManager().deoptimize();
        assertThat(rowsOfALife()).isEqualTo(contract);
    }

    @Test
    void aWorkerThatIsGoneRunsNoJobAndIsRefusedAtItsNextFetch() {
        app.schemaManager().apply();
        execute("INSERT INTO procrastinate_jobs (queue_name, task_name) SELECT 'q', 't' FROM generate_series(1, 4)");
        execute("INSERT INTO procrastinate_workers DEFAULT VALUES");
        execute("SELECT id FROM procrastinate_fetch_job_v2(NULL, 1)");
        execute("SELECT procrastinate_finish_job_v1(1, 'succeeded', false)::text");
        execute("SELECT id FROM procrastinate_fetch_job_v2(NULL, 1)");

        execute("DELETE FROM procrastinate_workers");

        assertThat(count("SELECT count(*) AS n FROM procrastinate_jobs WHERE status = 'doing' AND worker_id IS NULL"))
                .isEqualTo(1);
        assertThatExceptionOfType(ConnectorException.class)
                .isThrownBy(() -> execute("SELECT id FROM procrastinate_fetch_job_v2(NULL, 1)"))
                .satisfies(refused -> assertThat(refused.sqlState()).isEqualTo("23503"));
        execute("SELECT id FROM procrastinate_fetch_job_v2(NULL, NULL)");
        assertThat(count("SELECT count(*) AS n FROM procrastinate_jobs WHERE status = 'doing'"))
                .isEqualTo(2);
    }

    /** What a straight job leaves in the log is nothing; what happens otherwise is there, in its order. */
    @Test
    void aStraightJobHasNoRowInTheLogAndOthersHaveAllTheirs() {
        app.schemaManager().apply();
        app.task("straight").run(args -> {});
        app.task("again").retry(1).run(args -> {
            throw new IllegalStateException("as it is to");
        });
        app.configureTask("straight").defer(Map.of());
        app.configureTask("again").defer(Map.of());
        app.runWorker(WorkerOptions.builder().waitForJobs(false).build());

        assertThat(count("SELECT count(*) AS n FROM procrastinate_java_event_log WHERE job_id = 1"))
                .isZero();
        assertThat(texts("SELECT type::text AS text FROM procrastinate_events WHERE job_id = 1 ORDER BY id"))
                .containsExactly("deferred", "started", "succeeded");
        assertThat(texts("SELECT type::text AS text FROM procrastinate_events WHERE job_id = 2 ORDER BY id"))
                .containsExactly("deferred", "started", "scheduled", "deferred_for_retry", "started", "failed");
        execute("DELETE FROM procrastinate_jobs");
        assertThat(count("SELECT count(*) AS n FROM procrastinate_java_event_log"))
                .isZero();
    }

    @Test
    void theViewTakesWhatTheTableTook() {
        app.schemaManager().apply();
        execute("INSERT INTO procrastinate_jobs (queue_name, task_name) SELECT 'q', 't' FROM generate_series(1, 2)");
        execute("SELECT id FROM procrastinate_fetch_job_v2(NULL, NULL)");

        execute("UPDATE procrastinate_events SET at = at - interval '1 day'");
        execute("INSERT INTO procrastinate_events (job_id, type) VALUES (1, 'abort_requested')");
        execute("DELETE FROM procrastinate_events WHERE job_id = 2");
        execute("SELECT procrastinate_finish_job_v1(1, 'succeeded', false)::text");

        assertThat(texts("SELECT type || ' ' || (at < now() - interval '1 hour') AS text FROM procrastinate_events"
                        + " ORDER BY job_id, id"))
                .containsExactly("deferred true", "started true", "abort_requested false", "succeeded false");
        assertThatExceptionOfType(ConnectorException.class)
                .isThrownBy(() -> execute("INSERT INTO procrastinate_events (job_id, type) VALUES (99, 'started')"))
                .withMessageContaining("procrastinate_events_job_id_fkey");
        assertThatExceptionOfType(ConnectorException.class)
                .isThrownBy(() -> execute("UPDATE procrastinate_events SET job_id = 2"))
                .withMessageContaining("cannot be given to another job");
    }

    /** What was begun, whichever way, goes on to either end. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void goesOnWhereItWasLeft(boolean back) {
        app.schemaManager().apply();
        String optimized = catalogue();
        execute("INSERT INTO procrastinate_jobs (queue_name, task_name) SELECT 'q', 't' FROM generate_series(1, 3)");
        execute("SELECT id FROM procrastinate_fetch_job_v2(NULL, NULL)");
        List<String> events =
                texts("SELECT job_id || type::text AS text FROM procrastinate_events ORDER BY job_id, id");
        sync().runScript(LayoutScripts.logAtOnce());
        execute("SELECT procrastinate_finish_job_v1(1, 'succeeded', false)::text");
        events.add(2, "1succeeded");
        assertThat(app.schemaManager().layout()).isEqualTo(SchemaLayout.MIXED);

        if (back) {
            app.schemaManager().deoptimize();
            assertThat(app.schemaManager().layout()).isEqualTo(SchemaLayout.ORIGINAL);
        } else {
            app.schemaManager().optimize();
            assertThat(app.schemaManager().layout()).isEqualTo(SchemaLayout.OPTIMIZED);
            assertThat(catalogue()).isEqualTo(optimized);
        }
        assertThat(texts("SELECT job_id || type::text AS text FROM procrastinate_events ORDER BY job_id, id"))
                .isEqualTo(events);
    }

    @Test
    void aWorkerGoesOnWhileTheTablesAreChangedUnderIt() {
        app.schemaManager().apply();
        Queue<Long> ran = new ConcurrentLinkedQueue<>();
        app.task("note").body((context, args) -> ran.add(context.job().id()));
        App other = app();
        other.task("note").body((context, args) -> ran.add(context.job().id()));
        int jobs = 0;
        try (Worker worker = other.worker(WorkerOptions.builder().concurrency(4).build())) {
            CompletableFuture<Void> running = CompletableFuture.runAsync(worker::run);
            for (int change = 0; change < 4; change++) {
                for (int batch = 0; batch < 5; batch++) {
                    app.configureTask("note").batchDefer(Collections.nCopies(50, Map.of()));
                    jobs += 50;
                }
                if (change % 2 == 0) {
                    app.schemaManager().deoptimize();
                } else {
                    app.schemaManager().optimize();
                }
            }
            long all = jobs;
            await().atMost(Duration.ofMinutes(1))
                    .until(() ->
                            count("SELECT count(*) AS n FROM procrastinate_jobs WHERE status = 'succeeded'") == all);
            worker.stop();
            running.join();
        }
        assertThat(ran).hasSize(jobs).doesNotHaveDuplicates();
        assertThat(texts("SELECT DISTINCT string_agg(type::text, ' ' ORDER BY id) AS text FROM procrastinate_events"
                        + " GROUP BY job_id"))
                .containsExactly("deferred started succeeded");
    }

    @Test
    void aStatementWakesEachQueueOnce() throws SQLException {
        app.schemaManager().apply();
        try (Connection listener = database.connect()) {
            listener.createStatement()
                    .execute("LISTEN procrastinate_any_queue_v1; LISTEN \"procrastinate_queue_v1#q\";"
                            + " LISTEN \"procrastinate_queue_v1#r\"");
            execute(LIFE.get(0));
            execute(LIFE.get(1));
            assertThat(received(listener))
                    .containsExactlyInAnyOrder(
                            "procrastinate_queue_v1#q {\"type\" : \"job_inserted\", \"job_id\" : 1}",
                            "procrastinate_any_queue_v1 {\"type\" : \"job_inserted\", \"job_id\" : 1}");
            execute(LIFE.get(2));
            assertThat(received(listener))
                    .containsExactlyInAnyOrder(
                            "procrastinate_queue_v1#r {\"type\" : \"job_inserted\", \"job_id\" : 2}",
                            "procrastinate_queue_v1#q {\"type\" : \"job_inserted\", \"job_id\" : 3}",
                            "procrastinate_any_queue_v1 {\"type\" : \"job_inserted\", \"job_id\" : 2}");
            execute("UPDATE procrastinate_jobs SET status = 'doing'");
            execute("UPDATE procrastinate_jobs SET abort_requested = true WHERE id <= 2");
            assertThat(received(listener))
                    .containsExactlyInAnyOrder(
                            "procrastinate_queue_v1#q {\"type\" : \"abort_job_requested\", \"job_id\" : 1}",
                            "procrastinate_any_queue_v1 {\"type\" : \"abort_job_requested\", \"job_id\" : 1}",
                            "procrastinate_queue_v1#r {\"type\" : \"abort_job_requested\", \"job_id\" : 2}",
                            "procrastinate_any_queue_v1 {\"type\" : \"abort_job_requested\", \"job_id\" : 2}");
        }
    }

    @Test
    void manyMayOptimizeAtOnceWhileJobsAreDeferred() {
        applyContract();
        execute("INSERT INTO procrastinate_jobs (queue_name, task_name) SELECT 'q', 't' FROM generate_series(1, 5000)");

        List<CompletableFuture<Void>> optimizing = IntStream.range(0, 3)
                .mapToObj(index -> app())
                .map(other ->
                        CompletableFuture.runAsync(() -> other.schemaManager().optimize()))
                .toList();
        CompletableFuture<Void> all = CompletableFuture.allOf(optimizing.toArray(CompletableFuture[]::new));
        int deferred = 5000;
        while (!all.isDone()) {
            execute("INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('q', 't')");
            deferred++;
        }
        all.join();

        assertThat(app.schemaManager().isOptimized()).isTrue();
        assertThat(count("SELECT count(*) AS n FROM procrastinate_events WHERE type = 'deferred'"))
                .isEqualTo(deferred);
    }

    @Test
    void buildsAnewWhatWasLeftHalfBuilt() {
        app.schemaManager().apply();
        execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'procrastinate_java_due_idx'::regclass");
        assertThat(app.schemaManager().isOptimized()).isFalse();

        Stages.join(app.schemaManager().optimizeAsync());

        assertThat(Stages.join(app.schemaManager().isOptimizedAsync())).isTrue();
    }

    /** Behind a wait for the lock of the whole table, all others would queue. */
    @Test
    void saysThatALongTransactionIsInTheWayAndKeepsNobodyWaitingBehindIt() throws SQLException {
        app.schemaManager().apply();
        try (Connection backup = database.connect();
                Connection client = database.connect()) {
            backup.setAutoCommit(false);
            backup.createStatement().execute("LOCK TABLE procrastinate_jobs IN ACCESS SHARE MODE");
            client.createStatement().execute("SET lock_timeout = '200ms'");

            CompletableFuture<Void> change =
                    CompletableFuture.runAsync(() -> app.schemaManager().deoptimize());
            await().atMost(Duration.ofMinutes(2))
                    .pollInterval(Duration.ofMillis(20))
                    .until(() -> {
                        client.createStatement()
                                .execute("INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('q', 't')");
                        return change.isDone();
                    });

            assertThatExceptionOfType(CompletionException.class)
                    .isThrownBy(change::join)
                    .withCauseInstanceOf(SchemaException.class)
                    .withMessageContaining("try again");
            backup.rollback();
        }
        assertThat(app.schemaManager().isOptimized()).isTrue();
        app.schemaManager().deoptimize();
        assertThat(app.schemaManager().layout()).isEqualTo(SchemaLayout.ORIGINAL);
    }

    /** The chunk in which the job is must not be kept from the workers, either. */
    @Test
    void aJobThatSomebodyHoldsKeepsNoOtherJobWaiting() throws SQLException {
        app.schemaManager().apply();
        execute("INSERT INTO procrastinate_jobs (queue_name, task_name) SELECT 'q', 't' FROM generate_series(1, 9)");
        sync().runScript(LayoutScripts.logAtOnce());
        sync().runScript(LayoutScripts.unloggedIndex());
        App other = app();
        try (Connection holder = database.connect()) {
            holder.setAutoCommit(false);
            holder.createStatement().execute("SELECT FROM procrastinate_jobs WHERE id = 5 FOR UPDATE");

            CompletableFuture<Void> change =
                    CompletableFuture.runAsync(() -> other.schemaManager().deoptimize());

            await().atMost(Duration.ofMinutes(1))
                    .until(() -> change.isDone()
                            || count("SELECT count(*) AS n FROM procrastinate_jobs WHERE java_logged < 3") == 1);
            holder.rollback();
            change.join();
        }
        assertThat(app.schemaManager().layout()).isEqualTo(SchemaLayout.ORIGINAL);
        assertThat(count("SELECT count(*) AS n FROM procrastinate_events")).isEqualTo(9);
    }

    @Test
    void needsASchemaOfItsLevel() {
        assertThatExceptionOfType(SchemaException.class)
                .isThrownBy(() -> app.schemaManager().optimize())
                .withMessageContaining("no schema");
    }

    @ParameterizedTest
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void aWorkerFetchesWithAndWithout(boolean optimized, boolean queues) {
        applyContract();
        if (optimized) {
            app.schemaManager().optimize();
        }
        Queue<Long> ran = new ConcurrentLinkedQueue<>();
        app.task("note").body((context, args) -> ran.add(context.job().id()));
        execute("INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, scheduled_at)"
                + " SELECT 'q' || n % 3, 'note', n % 5, CASE n % 7 WHEN 0 THEN 'l' || n % 2 END,"
                + " CASE n % 11 WHEN 0 THEN now() - interval '1 hour' WHEN 1 THEN now() + interval '1 day' END"
                + " FROM generate_series(1, 600) AS n");
        String served = queues ? " AND queue_name IN ('q1', 'q2', 'none')" : "";
        long due = count(
                "SELECT count(*) AS n FROM procrastinate_jobs WHERE (scheduled_at IS NULL OR scheduled_at < now())"
                        + " AND lock IS NULL" + served);

        WorkerOptions.Builder options =
                WorkerOptions.builder().waitForJobs(false).concurrency(20);
        if (queues) {
            options.queues("q1", "q2", "none");
        }
        app.runWorker(options.build());

        assertThat(ran).doesNotHaveDuplicates();
        assertThat(count("SELECT count(*) AS n FROM procrastinate_jobs WHERE status = 'succeeded' AND lock IS NULL"
                        + served))
                .isEqualTo(due);
        assertThat(count(
                        "SELECT count(*) AS n FROM procrastinate_jobs WHERE status = 'succeeded' AND lock IS NOT NULL"))
                .isEqualTo(ran.size() - due);
    }

    private List<String> rowsOfALife() throws SQLException {
        execute("TRUNCATE procrastinate_jobs, procrastinate_workers, procrastinate_periodic_defers"
                + " RESTART IDENTITY CASCADE");
        LIFE.forEach(this::execute);
        List<String> rows = new ArrayList<>();
        sync().execute(Query.named("events")
                        .sql("SELECT job_id || ' ' || type || ' ' || CASE WHEN at > now() THEN at::text ELSE 'now'"
                                + " END AS line FROM procrastinate_events ORDER BY job_id, id")
                        .bind()
                        .build())
                .forEach(row -> rows.add(row.text("line")));
        sync().execute(Query.named("jobs")
                        .sql("SELECT jsonb_object_agg(key, value ORDER BY key)::text AS line FROM procrastinate_jobs j"
                                + " CROSS JOIN jsonb_each(to_jsonb(j)) WHERE key NOT LIKE 'java%'"
                                + " AND (key <> 'worker_id' OR status = 'doing') GROUP BY id ORDER BY id")
                        .bind()
                        .build())
                .forEach(row -> rows.add(row.text("line")));
        return rows;
    }

    private static List<String> received(Connection listener) throws SQLException {
        PGNotification[] arrived = listener.unwrap(PGConnection.class).getNotifications(5000);
        List<String> received = new ArrayList<>();
        if (arrived != null) {
            for (PGNotification each : arrived) {
                received.add(each.getName() + " " + each.getParameter());
            }
        }
        return received;
    }

    private void applyContract() {
        try (InputStream schema = SchemaManager.class.getResourceAsStream("schema.sql")) {
            sync().runScript(new String(schema.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String catalogue() {
        return sync().execute(Query.named("catalogue").sql(CATALOGUE).bind().build())
                .get(0)
                .text("text");
    }

    private void execute(String sql) {
        sync().execute(Query.named("test").sql(sql).bind().build());
    }

    private List<String> texts(String sql) {
        List<String> texts = new ArrayList<>();
        sync().execute(Query.named("texts").sql(sql).bind().build()).forEach(row -> texts.add(row.text("text")));
        return texts;
    }

    private long count(String sql) {
        return sync().execute(Query.named("count").sql(sql).bind().build())
                .get(0)
                .bigint("n");
    }

    private SyncConnector sync() {
        return app.connector().sync();
    }

    private App app() {
        App made = App.create(database.settings().toBuilder().poolSize(4).build());
        Stages.join(made.openAsync());
        apps.add(made);
        return made;
    }
}
