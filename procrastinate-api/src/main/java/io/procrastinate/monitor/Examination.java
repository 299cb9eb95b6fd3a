package io.procrastinate.monitor;

import io.procrastinate.adapter.QueryExecutor;
import io.procrastinate.adapter.QueryFile;
import io.procrastinate.annotation.Internal;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.Row;
import io.procrastinate.driver.Stages;
import io.procrastinate.schema.SchemaLevel;
import io.procrastinate.schema.SchemaManager;
import io.procrastinate.text.Printable;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Checks an app's database for common problems, one check after the other. Used once.
 *
 * @hidden
 */
@Internal
public final class Examination {

    private static final QueryFile QUERIES = QueryFile.beside(Examination.class, "examination.sql");
    private static final long STALLED_SECONDS = 30;

    private final Supplier<Connector> connector;
    private final QueryExecutor executor;
    private final SchemaManager schema;
    private final Supplier<CompletionStage<?>> open;
    private final Supplier<CompletionStage<?>> openToListen;
    private final Limits limits;
    private final InstantSource clock;
    private final List<Finding> findings = new ArrayList<>(); // the checks run one after the other

    /**
     * Prepares the examination of an app.
     *
     * @param executor where queries run, once the app is open
     * @param open opens the app for these queries
     * @param openToListen opens the app for all calls, if its connector is asynchronous
     */
    public Examination(
            Supplier<Connector> connector,
            QueryExecutor executor,
            Supplier<CompletionStage<?>> open,
            Supplier<CompletionStage<?>> openToListen) {
        this(connector, executor, open, openToListen, Limits.STANDARD, InstantSource.system());
    }

    /** With other limits and another clock of this machine, for tests. */
    Examination(
            Supplier<Connector> connector,
            QueryExecutor executor,
            Supplier<CompletionStage<?>> open,
            Supplier<CompletionStage<?>> openToListen,
            Limits limits,
            InstantSource clock) {
        this.connector = connector;
        this.executor = executor;
        this.schema = new SchemaManager(executor, executor, Examination::noScript, Examination::noScript);
        this.open = open;
        this.openToListen = openToListen;
        this.limits = limits;
        this.clock = clock;
    }

    private static CompletionStage<@Nullable Void> noScript(String sql) {
        throw new IllegalStateException("An examination changes nothing");
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

    /** Runs all checks, except those that need something that an earlier one found missing. */
    public CompletionStage<List<Finding>> run() {
        return check("connection", this::server)
                .thenCompose(connected -> connected ? checkDatabase() : done())
                .thenApply(done -> List.copyOf(findings));
    }

    private CompletionStage<Boolean> checkDatabase() {
        return check("schema", this::schema)
                .thenCompose(there -> there ? checkTables() : done())
                .thenCompose(done -> check("oldest-transaction", this::oldestTransaction))
                .thenCompose(done -> check("notifications", this::listen));
    }

    private CompletionStage<Boolean> checkTables() {
        return check("parts", this::parts)
                .thenCompose(done -> check("layout", this::layout))
                .thenCompose(done -> check("workers", this::workers))
                .thenCompose(done -> check("stalled-jobs", this::stalledJobs))
                .thenCompose(done -> check("dead-rows", this::deadRows));
    }

    private static CompletionStage<Boolean> done() {
        return CompletableFuture.completedFuture(true);
    }

    /** Runs a check; its failure is a finding, whose message says what to do. Returns whether there is no failure of its code. */
    private CompletionStage<Boolean> check(String code, Supplier<CompletionStage<List<Finding>>> check) {
        CompletionStage<List<Finding>> checked;
        try {
            checked = check.get();
        } catch (RuntimeException e) {
            checked = CompletableFuture.failedFuture(e);
        }
        return checked.exceptionally(failure -> List.of(failed(code, Stages.cause(failure))))
                .thenApply(found -> {
                    findings.addAll(found);
                    return found.stream()
                            .noneMatch(finding ->
                                    finding.code().equals(code) && finding.severity() == Finding.Severity.FAIL);
                });
    }

    private static Finding failed(String code, Throwable failure) {
        if (failure instanceof Error error) {
            throw error;
        }
        return Finding.fail(code, String.join("; ", Printable.messages(failure)), null);
    }

    private CompletionStage<List<Finding>> server() {
        return open.get().thenCompose(opened -> {
            Instant before = clock.instant();
            return row("examine_server").thenApply(server -> server(server, before, clock.instant()));
        });
    }

    private List<Finding> server(Row server, Instant before, Instant after) {
        List<Finding> found = new ArrayList<>();
        found.add(Finding.ok(
                "connection",
                server.text("product") + " through " + connector.get().name()));
        if (server.bool("standby")) {
            found.add(Finding.fail("primary", "the server is a standby: it takes no jobs", "Connect to the primary."));
        }
        Instant now = Objects.requireNonNull(server.instantOrNull("now"));
        Duration ahead = now.isBefore(before)
                ? Duration.between(now, before)
                : now.isAfter(after) ? Duration.between(after, now) : Duration.ZERO;
        found.add(
                ahead.compareTo(limits.clocks()) <= 0
                        ? Finding.ok(
                                "clock",
                                "this machine and the server agree within "
                                        + limits.clocks().toSeconds() + " s")
                        : Finding.warn(
                                "clock",
                                "this machine and the server differ by " + ahead.toMillis()
                                        + " ms, and schedules follow the server's clock",
                                "Synchronise both."));
        return found;
    }

    private CompletionStage<List<Finding>> schema() {
        return schema.levelAsync().thenCompose(level -> {
            if (level == SchemaLevel.NONE) {
                return found(Finding.fail(
                        "schema",
                        "missing",
                        "Create it: app.schemaManager().apply(), or procrastinate schema --apply"));
            }
            return schema.requireSupportedAsync()
                    .thenApply(supported -> List.of(Finding.ok("schema", "level " + level.text())));
        });
    }

    private CompletionStage<List<Finding>> parts() {
        return schema.missingPartsAsync()
                .thenApply(missing -> List.of(
                        missing.isEmpty()
                                ? Finding.ok("parts", "complete")
                                : Finding.warn(
                                        "parts",
                                        "missing: " + String.join(", ", missing),
                                        "Create them as in procrastinate schema --read")));
    }

    private CompletionStage<List<Finding>> layout() {
        return schema.layoutAsync()
                .thenApply(layout -> List.of(
                        switch (layout) {
                            case OPTIMIZED -> Finding.ok("layout", "optimized");
                            case ORIGINAL ->
                                Finding.warn(
                                        "layout",
                                        "original, as Python makes it: this library is several times slower on it",
                                        "Run app.schemaManager().optimize(), or procrastinate schema --optimize");
                            case MIXED ->
                                Finding.warn(
                                        "layout",
                                        "mixed: a change was interrupted, or parts are missing",
                                        "Run app.schemaManager().optimize(), or procrastinate schema --optimize; or"
                                                + " deoptimize");
                        }));
    }

    private CompletionStage<List<Finding>> workers() {
        return row(stalledAfter("examine_workers")).thenApply(workers -> {
            List<Finding> found = new ArrayList<>();
            found.add(
                    workers.bigint("alive") > 0
                            ? Finding.ok("workers", workers.bigint("alive") + " alive")
                            : Finding.warn(
                                    "workers",
                                    "none is alive: jobs wait",
                                    "Start one: app.runWorker(), or procrastinate worker"));
            if (workers.bigint("dead") > 0) {
                found.add(Finding.warn(
                        "dead-workers",
                        workers.bigint("dead") + " without a heartbeat",
                        "A running worker removes their rows."));
            }
            return found;
        });
    }

    private CompletionStage<List<Finding>> stalledJobs() {
        return row(stalledAfter("examine_stalled_jobs"))
                .thenApply(row -> row.bigint("jobs"))
                .thenApply(stalled -> List.of(
                        stalled == 0
                                ? Finding.ok("stalled-jobs", "none")
                                : Finding.warn(
                                        "stalled-jobs",
                                        stalled + " run on workers without a heartbeat for " + STALLED_SECONDS + " s",
                                        "A running worker rescues those of its queues; by hand:"
                                                + " app.jobManager().retry(), or retry ID in the shell.")));
    }

    private CompletionStage<List<Finding>> deadRows() {
        return row("examine_dead_rows").thenApply(rows -> {
            long dead = rows.bigint("dead");
            return List.of(
                    dead < limits.deadRows() || dead < rows.bigint("live")
                            ? Finding.ok("dead-rows", dead + " wait for vacuum")
                            : Finding.warn(
                                    "dead-rows",
                                    dead + " wait for vacuum: fetching slows down",
                                    "Look at the oldest transaction, or run VACUUM procrastinate_jobs."));
        });
    }

    private CompletionStage<List<Finding>> oldestTransaction() {
        return executor.execute(QUERIES.query("examine_transactions").bind().build(), null)
                .thenApply(rows -> List.of(
                        rows.isEmpty()
                                        || rows.get(0).bigint("seconds")
                                                < limits.transaction().toSeconds()
                                ? Finding.ok(
                                        "oldest-transaction",
                                        "none older than "
                                                + limits.transaction().toSeconds() + " s")
                                : tooOld(rows.get(0))));
    }

    private static Finding tooOld(Row oldest) {
        return Finding.warn(
                "oldest-transaction",
                "process " + oldest.bigint("pid") + " (" + oldest.text("application") + ", " + oldest.text("state")
                        + ") has had one open for " + oldest.bigint("seconds") + " s: dead rows cannot be removed",
                "Wait for its end, or end it: SELECT pg_terminate_backend(" + oldest.bigint("pid") + ")");
    }

    private CompletionStage<List<Finding>> listen() {
        if (!(connector.get() instanceof AsyncConnector listening)
                || !listening.capabilities().contains(Capability.LISTEN)) {
            return found(Finding.warn(
                    "notifications",
                    "this connector does not listen: workers poll",
                    "Use one that listens, or accept it."));
        }
        // On the asynchronous connector, since stages complete on threads of its own, which must not wait.
        return openToListen
                .get()
                .thenCompose(opened -> new NotificationCheck(
                                listening, QUERIES.query("examine_notifications"), limits.listening())
                        .run())
                .thenApply(arrived -> List.of(
                        arrived
                                ? Finding.ok("notifications", "a notification arrived")
                                : Finding.warn(
                                        "notifications",
                                        "no notification arrived within "
                                                + limits.listening().toSeconds() + " s: workers poll",
                                        "Behind a pooler that hands out connections per transaction, set a listen URL"
                                                + " that leads to the server itself.")));
    }

    private static CompletionStage<List<Finding>> found(Finding finding) {
        return CompletableFuture.completedFuture(List.of(finding));
    }

    private static BoundQuery stalledAfter(String query) {
        return QUERIES.query(query).bind().set("seconds", STALLED_SECONDS).build();
    }

    private CompletionStage<Row> row(String query) {
        return row(QUERIES.query(query).bind().build());
    }

    private CompletionStage<Row> row(BoundQuery query) {
        return executor.execute(query, null).thenApply(rows -> rows.get(0));
    }
}
