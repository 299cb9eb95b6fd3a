package io.procrastinate.cli;

import io.procrastinate.App;
import io.procrastinate.adapter.QueryFile;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.Subscription;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.ProcrastinateException;
import io.procrastinate.exception.SchemaException;
import io.procrastinate.schema.SchemaLevel;
import io.procrastinate.schema.SchemaManager;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Checks an app's database for common problems, and says what to do. */
final class Examination {

    private static final QueryFile QUERIES = QueryFile.beside(Examination.class, "doctor.sql");
    private static final long STALLED_SECONDS = 30;

    private final App app;
    private final Limits limits;
    private final InstantSource clock;
    private final List<Finding> findings = new ArrayList<>();

    Examination(App app) {
        this(app, Limits.STANDARD, InstantSource.system());
    }

    /** With other limits and another clock of this machine, for tests. */
    Examination(App app, Limits limits, InstantSource clock) {
        this.app = app;
        this.limits = limits;
        this.clock = clock;
    }

    /**
     * The limits beyond which something is a problem.
     *
     * @param listening how long a notification may take
     * @param clocks by how much the clocks may differ
     * @param transaction how long a transaction may last, in whole seconds
     * @param deadRows how many rows may wait for vacuum, besides as many as there are live ones
     */
    record Limits(Duration listening, Duration clocks, Duration transaction, long deadRows) {

        static final Limits STANDARD =
                new Limits(Duration.ofSeconds(5), Duration.ofSeconds(1), Duration.ofMinutes(5), 100_000);
    }

    /** Runs all checks, except those that need something that an earlier check found missing. */
    List<Finding> run() {
        try {
            server();
        } catch (ProcrastinateException e) {
            findings.add(Finding.fail("connection", String.join("; ", FailureReport.messages(e))));
            return findings;
        }
        if (schema()) {
            parts();
            workers();
            stalled();
            deadTuples();
        }
        oldestTransaction();
        listen();
        return findings;
    }

    private void server() {
        app.open();
        Instant before = clock.instant();
        Row server = row("server");
        Instant after = clock.instant();
        findings.add(Finding.ok(
                "connection",
                "PostgreSQL " + server.text("version") + " through "
                        + app.connector().name()));
        if (server.bool("standby")) {
            findings.add(Finding.fail("primary", "This is a standby: it takes no jobs. Connect to the primary."));
        }
        Instant now = Objects.requireNonNull(server.instantOrNull("now"));
        Duration ahead = now.isBefore(before)
                ? Duration.between(now, before)
                : now.isAfter(after) ? Duration.between(after, now) : Duration.ZERO;
        findings.add(
                ahead.compareTo(limits.clocks()) <= 0
                        ? Finding.ok(
                                "clock",
                                "this machine and the server agree within "
                                        + limits.clocks().toSeconds() + " s")
                        : Finding.warn(
                                "clock",
                                "this machine and the server differ by " + ahead.toMillis()
                                        + " ms. Schedules follow the server's clock: synchronise both."));
    }

    private boolean schema() {
        SchemaManager schema = app.schemaManager();
        if (schema.level() == SchemaLevel.NONE) {
            findings.add(Finding.fail("schema", "missing. Create it: procrastinate schema --apply"));
            return false;
        }
        try {
            schema.requireSupported();
        } catch (SchemaException e) {
            findings.add(Finding.fail("schema", String.valueOf(e.getMessage())));
            return false;
        }
        findings.add(Finding.ok("schema", "level " + schema.level().text()));
        return true;
    }

    private void parts() {
        List<String> missing = app.schemaManager().missingParts();
        findings.add(
                missing.isEmpty()
                        ? Finding.ok("parts", "complete")
                        : Finding.warn(
                                "parts",
                                "missing: " + String.join(", ", missing)
                                        + ". Create them as in procrastinate schema --read"));
        findings.add(
                switch (app.schemaManager().layout()) {
                    case OPTIMIZED -> Finding.ok("layout", "optimized");
                    case ORIGINAL ->
                        Finding.warn(
                                "layout",
                                "original, as Python makes it: this library is several times slower on it. Run"
                                        + " procrastinate schema --optimize");
                    case MIXED ->
                        Finding.warn(
                                "layout",
                                "mixed: a change was interrupted, or parts are missing. Run procrastinate schema"
                                        + " --optimize, or --deoptimize");
                });
    }

    private void workers() {
        Row workers = row(
                QUERIES.query("workers").bind().set("seconds", STALLED_SECONDS).build());
        findings.add(
                workers.bigint("alive") > 0
                        ? Finding.ok("workers", workers.bigint("alive") + " alive")
                        : Finding.warn(
                                "workers",
                                "none is alive: jobs wait until a worker is started (procrastinate worker)"));
        if (workers.bigint("dead") > 0) {
            findings.add(Finding.warn(
                    "dead workers",
                    workers.bigint("dead") + " without a heartbeat; a running worker removes their rows"));
        }
    }

    private void stalled() {
        long stalled = row(QUERIES.query("stalled")
                        .bind()
                        .set("seconds", STALLED_SECONDS)
                        .build())
                .bigint("jobs");
        findings.add(
                stalled == 0
                        ? Finding.ok("stalled jobs", "none")
                        : Finding.warn(
                                "stalled jobs",
                                stalled + " run on workers without a heartbeat for " + STALLED_SECONDS
                                        + " s. A running worker rescues those of its queues; by hand: retry ID in the"
                                        + " shell."));
    }

    private void deadTuples() {
        Row tuples = row("dead_tuples");
        long dead = tuples.bigint("dead");
        findings.add(
                dead < limits.deadRows() || dead < tuples.bigint("live")
                        ? Finding.ok("dead rows", dead + " wait for vacuum")
                        : Finding.warn(
                                "dead rows",
                                dead
                                        + " wait for vacuum: fetching slows down. Look at the oldest transaction"
                                        + " below, or run VACUUM procrastinate_jobs."));
    }

    private void oldestTransaction() {
        List<Row> rows = rows(QUERIES.query("oldest_transaction").bind().build());
        if (rows.isEmpty()
                || rows.get(0).bigint("seconds") < limits.transaction().toSeconds()) {
            findings.add(Finding.ok(
                    "oldest transaction",
                    "none older than " + limits.transaction().toSeconds() + " s"));
            return;
        }
        Row oldest = rows.get(0);
        findings.add(Finding.warn(
                "oldest transaction",
                "process " + oldest.bigint("pid") + " (" + oldest.text("application") + ", " + oldest.text("state")
                        + ") has had one open for " + oldest.bigint("seconds")
                        + " s: dead rows cannot be removed. Wait for its end, or end it: SELECT pg_terminate_backend("
                        + oldest.bigint("pid") + ")"));
    }

    private void listen() {
        if (!(app.connector() instanceof AsyncConnector connector)
                || !connector.capabilities().contains(Capability.LISTEN)) {
            findings.add(Finding.warn("LISTEN", "this connector does not listen: workers poll"));
            return;
        }
        Stages.join(app.openAsync());
        String channel =
                "procrastinate_java_doctor_" + UUID.randomUUID().toString().replace("-", "");
        CountDownLatch listening = new CountDownLatch(1);
        CountDownLatch received = new CountDownLatch(1);
        Subscription subscription = connector.listen(List.of(channel), new LatchListener(listening, received));
        try {
            if (await(listening)) {
                row(QUERIES.query("notify")
                        .bind()
                        .set("channel", channel)
                        .set("payload", "")
                        .build());
            }
            findings.add(
                    await(received)
                            ? Finding.ok("LISTEN", "a notification arrived")
                            : Finding.warn(
                                    "LISTEN",
                                    "no notification arrived within "
                                            + limits.listening().toSeconds()
                                            + " s. Behind a pooler that hands out connections per transaction, set a"
                                            + " listen URL that leads to the server itself; workers poll"
                                            + " meanwhile."));
        } finally {
            subscription.close();
        }
    }

    private boolean await(CountDownLatch latch) {
        try {
            return latch.await(limits.listening().toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private Row row(String query) {
        return row(QUERIES.query(query).bind().build());
    }

    private Row row(BoundQuery query) {
        return rows(query).get(0);
    }

    private List<Row> rows(BoundQuery query) {
        return app.connector().sync().execute(query);
    }

    private record LatchListener(CountDownLatch listening, CountDownLatch received) implements NotificationListener {

        @Override
        public void onListening() {
            listening.countDown();
        }

        @Override
        public void onNotification(Notification notification) {
            received.countDown();
        }

        @Override
        public void onLost(ConnectorException cause) {
            // The time-out of the check reports it.
        }
    }
}
