package io.procrastinate.monitor;

import io.procrastinate.adapter.QueryFile;
import io.procrastinate.annotation.Internal;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.Subscription;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.ProcrastinateException;
import io.procrastinate.exception.SchemaException;
import io.procrastinate.schema.SchemaLevel;
import io.procrastinate.schema.SchemaManager;
import io.procrastinate.text.Printable;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Checks an app's database for common problems, and says what to do. For one use.
 *
 * @hidden
 */
@Internal
public final class Examination {

    private static final QueryFile QUERIES = QueryFile.beside(Examination.class, "examination.sql");
    private static final long STALLED_SECONDS = 30;

    private final Runnable open;
    private final Runnable openForAllCalls;
    private final Supplier<Connector> connector;
    private final SchemaManager schema;
    private final Limits limits;
    private final InstantSource clock;
    private final List<Finding> findings = new ArrayList<>();

    /**
     * Creates an examination of an app's database.
     *
     * @param open opens the app for blocking calls
     * @param openForAllCalls opens the app for all calls
     * @param connector the app's connector
     * @param schema the app's schema manager
     */
    public Examination(Runnable open, Runnable openForAllCalls, Supplier<Connector> connector, SchemaManager schema) {
        this(open, openForAllCalls, connector, schema, Limits.STANDARD, InstantSource.system());
    }

    /** With other limits and another clock of this machine, for tests. */
    Examination(
            Runnable open,
            Runnable openForAllCalls,
            Supplier<Connector> connector,
            SchemaManager schema,
            Limits limits,
            InstantSource clock) {
        this.open = open;
        this.openForAllCalls = openForAllCalls;
        this.connector = connector;
        this.schema = schema;
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
    public List<Finding> run() {
        try {
            open.run();
            if (!connector.get().capabilities().contains(Capability.SQL)) {
                findings.add(Finding.ok(
                        "connection", "the connector '" + connector.get().name() + "' has no server"));
                return findings;
            }
            server();
        } catch (ProcrastinateException e) {
            findings.add(Finding.fail("connection", String.join("; ", Printable.messages(e))));
            return findings;
        }
        if (hasSchema()) {
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
        Instant before = clock.instant();
        Row server = row("server");
        Instant after = clock.instant();
        findings.add(Finding.ok(
                "connection",
                "PostgreSQL " + server.text("version") + " through "
                        + connector.get().name()));
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

    private boolean hasSchema() {
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
        List<String> missing = schema.missingParts();
        findings.add(
                missing.isEmpty()
                        ? Finding.ok("parts", "complete")
                        : Finding.warn(
                                "parts",
                                "missing: " + String.join(", ", missing)
                                        + ". Create them as in procrastinate schema --read"));
        findings.add(
                switch (schema.layout()) {
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
                    "dead-workers",
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
                        ? Finding.ok("stalled-jobs", "none")
                        : Finding.warn(
                                "stalled-jobs",
                                stalled + " run on workers without a heartbeat for " + STALLED_SECONDS
                                        + " s. A running worker rescues those of its queues; by hand: retry ID in the"
                                        + " shell."));
    }

    private void deadTuples() {
        Row tuples = row("dead_tuples");
        long dead = tuples.bigint("dead");
        findings.add(
                dead < limits.deadRows() || dead < tuples.bigint("live")
                        ? Finding.ok("dead-rows", dead + " wait for vacuum")
                        : Finding.warn(
                                "dead-rows",
                                dead
                                        + " wait for vacuum: fetching slows down. Look at the oldest transaction"
                                        + " below, or run VACUUM procrastinate_jobs."));
    }

    private void oldestTransaction() {
        List<Row> rows = rows(QUERIES.query("oldest_transaction").bind().build());
        if (rows.isEmpty()
                || rows.get(0).bigint("seconds") < limits.transaction().toSeconds()) {
            findings.add(Finding.ok(
                    "oldest-transaction",
                    "none older than " + limits.transaction().toSeconds() + " s"));
            return;
        }
        Row oldest = rows.get(0);
        findings.add(Finding.warn(
                "oldest-transaction",
                "process " + oldest.bigint("pid") + " (" + oldest.text("application") + ", " + oldest.text("state")
                        + ") has had one open for " + oldest.bigint("seconds")
                        + " s: dead rows cannot be removed. Wait for its end, or end it: SELECT pg_terminate_backend("
                        + oldest.bigint("pid") + ")"));
    }

    private void listen() {
        if (!(connector.get() instanceof AsyncConnector async)
                || !async.capabilities().contains(Capability.LISTEN)) {
            findings.add(Finding.warn("notifications", "this connector does not listen: workers poll"));
            return;
        }
        openForAllCalls.run();
        String channel =
                "procrastinate_java_doctor_" + UUID.randomUUID().toString().replace("-", "");
        CountDownLatch listening = new CountDownLatch(1);
        CountDownLatch received = new CountDownLatch(1);
        Subscription subscription = async.listen(List.of(channel), new LatchListener(listening, received));
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
                            ? Finding.ok("notifications", "a notification arrived")
                            : Finding.warn(
                                    "notifications",
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
        return connector.get().sync().execute(query);
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
