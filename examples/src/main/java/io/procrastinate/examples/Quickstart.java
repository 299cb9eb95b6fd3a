package io.procrastinate.examples;

import io.procrastinate.App;
import io.procrastinate.connector.Capability;
import io.procrastinate.job.JobFilter;
import io.procrastinate.retry.RetryStrategy;
import io.procrastinate.task.JobContext;
import io.procrastinate.task.Task;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerOptions;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;

/**
 * Tasks, jobs of all kinds, and a worker in one program: what {@code ./quickstart} runs. {@link QuickstartCommand}
 * reads the command line, {@link QuickstartDatabase} provides the database, {@link QuickstartJournal} reports what
 * happens.
 */
public final class Quickstart {

    /** A task's argument is a record; its components are the job's arguments by name. */
    record Sum(int a, int b) {}

    record Square(int n) {}

    record Reminder(String text) {}

    record Download(String file) {}

    record Transfer(String account, int amount) {}

    record Ping(int number) {}

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Duration AHEAD = Duration.ofSeconds(2);

    private final App app;
    private final String queue;
    private final PrintStream out;
    private final QuickstartJournal journal;
    private final AtomicBoolean transferring = new AtomicBoolean();
    private volatile long reminderDeferred;

    private final Task<Sum> sum;
    private final Task<Square> square;
    private final Task<Reminder> remind;
    private final Task<Download> download;
    private final Task<Transfer> transfer;
    private final Task<Ping> ping;

    /**
     * Registers the tasks.
     *
     * @param app an open app whose database has the schema
     * @param queue a queue for this quickstart alone
     * @param out where to report what happens
     */
    Quickstart(App app, String queue, PrintStream out) {
        this.app = app;
        this.queue = queue;
        this.out = out;
        this.journal = new QuickstartJournal(out, "square", "ping");

        sum = app.task("sum", Sum.class).queue(queue).call(args -> args.a() + args.b());
        square = app.task("square", Square.class).queue(queue).call(args -> args.n() * args.n());
        remind = app.task("remind", Reminder.class).queue(queue).call(this::remind);
        download = app.task("download", Download.class)
                .queue(queue)
                .retry(RetryStrategy.builder()
                        .times(3)
                        .wait(Duration.ofMillis(200))
                        .build())
                .body(this::download);
        transfer = app.task("transfer", Transfer.class).queue(queue).run(this::transfer);
        ping = app.task("ping", Ping.class).queue(queue).call(args -> System.nanoTime());
    }

    /** Runs the quickstart: see {@code ./quickstart --help}. */
    public static void main(String... args) {
        System.exit(new QuickstartCommand(System.out, System.err).run(args));
    }

    /**
     * Defers jobs, runs them, and reports their final state in the database.
     *
     * @throws QuickstartException if anything did not end as it should
     */
    void run() {
        List<Long> jobs = defer();
        WorkerOptions options = WorkerOptions.builder()
                .queues(queue)
                .concurrency(4)
                .shutdownGracefulTimeout(Duration.ofSeconds(5))
                .onJobEnded(journal::ended)
                .build();
        try (Worker worker = app.worker(options)) {
            out.println("starting a worker");
            worker.start();
            journal.awaitEnds(jobs, LIMIT);
            out.printf("all %,d jobs have ended, the worker is idle%n", jobs.size());
            jobs.addAll(measureIdleWorker());
        }
        QuickstartReport report = new QuickstartReport(app.jobManager(), JobFilter.ALL.queue(queue));
        report.print(out);
        report.requireAllSucceeded(jobs);
    }

    private List<Long> defer() {
        List<Long> jobs = new ArrayList<>();
        jobs.add(sum.defer(new Sum(1, 1)));
        jobs.add(sum.defer(new Sum(2, 3)));
        jobs.add(sum.defer(new Sum(5, 7)));

        jobs.addAll(square.batchDefer(
                IntStream.rangeClosed(1, 1000).mapToObj(Square::new).toList()));

        reminderDeferred = System.nanoTime();
        jobs.add(remind.configure().in(AHEAD).defer(new Reminder("water the plants")));

        jobs.add(download.defer(new Download("report.pdf")));

        jobs.add(transfer.configure().lock(queue + "/alice").defer(new Transfer("alice", 100)));
        jobs.add(transfer.configure().lock(queue + "/alice").defer(new Transfer("alice", -30)));

        out.printf("deferred %,d jobs: 3 sums, a batch of 1,000 squares, 1 reminder for in 2 seconds,%n", jobs.size());
        out.println("  1 download that fails twice, 2 transfers that share a lock");
        return jobs;
    }

    /** Would fail if it ran too early. */
    private String remind(Reminder args) {
        Duration waited = Duration.ofNanos(System.nanoTime() - reminderDeferred);
        if (waited.compareTo(AHEAD) < 0) {
            throw new IllegalStateException("started after only " + waited);
        }
        return "time to " + args.text();
    }

    /** Fails on its first two runs. */
    private String download(JobContext context, Download args) throws IOException {
        int run = context.job().attempts() + 1;
        if (run < 3) {
            throw new IOException("no connection on run " + run);
        }
        return args.file() + " on run " + run;
    }

    /** Would fail if it ran twice at the same time; the lock that its jobs share prevents that. */
    private void transfer(Transfer args) throws InterruptedException {
        if (!transferring.compareAndSet(false, true)) {
            throw new IllegalStateException("another transfer is running");
        }
        Thread.sleep(200);
        transferring.set(false);
    }

    /** Defers one job after another to an idle worker; each returns the instant at which it started. */
    private List<Long> measureIdleWorker() {
        boolean listens = app.connector().capabilities().contains(Capability.LISTEN);
        List<Long> jobs = new ArrayList<>();
        List<Double> millis = new ArrayList<>();
        for (int number = 1; number <= (listens ? 5 : 1); number++) {
            long deferred = System.nanoTime();
            long id = ping.defer(new Ping(number));
            jobs.add(id);
            journal.awaitEnds(List.of(id), LIMIT);
            millis.add((journal.value(id, Long.class) - deferred) / 1e6);
        }
        millis.sort(null);
        out.printf(
                "from defer to start on the idle worker: %.1f ms (median of %d, %s)%n",
                millis.get(millis.size() / 2), millis.size(), listens ? "woken by NOTIFY" : "found by polling");
        return jobs;
    }
}
