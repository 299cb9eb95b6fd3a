package io.procrastinate.tck;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Jobs that succeed, fail, are retried and wait for their lock, and the outcome of each. They are inserted and read
 * without the connector, whose connections may be broken at the time.
 */
final class Load {

    /** Of each ten jobs: one that fails, one that fails once, three of a lock, five that just run. */
    private static final String INSERT = """
        INSERT INTO procrastinate_jobs (queue_name, task_name, lock)
        SELECT 'default',
               CASE n % 10 WHEN 0 THEN 'hopeless' WHEN 1 THEN 'stubborn' ELSE 'note' END,
               CASE WHEN n % 10 BETWEEN 2 AND 4 THEN 'lock ' || n % 10 END
          FROM generate_series(1, ?) n
        RETURNING id
        """;

    private final TestDatabase database;
    private final Map<Long, AtomicInteger> runs = new ConcurrentHashMap<>();
    private final Map<String, AtomicInteger> inside = new ConcurrentHashMap<>();
    private final AtomicInteger violations = new AtomicInteger();
    private final CountDownLatch longJobMayEnd = new CountDownLatch(1);
    private final CountDownLatch longJobHasEnded = new CountDownLatch(1);
    private final List<String> inserted = new ArrayList<>();

    Load(TestDatabase database) {
        this.database = database;
    }

    /** Registers the tasks. */
    void tasks(App app) {
        app.task("note").body((context, args) -> {
            String lock = context.job().lock();
            AtomicInteger others = inside.computeIfAbsent(lock == null ? "" : lock, key -> new AtomicInteger());
            if (others.getAndIncrement() > 0 && lock != null) {
                violations.incrementAndGet();
            }
            run(context.job().id());
            others.decrementAndGet();
            return null;
        });
        app.task("hopeless").body((context, args) -> {
            run(context.job().id());
            throw new Failure("fails always");
        });
        app.task("stubborn").retry(1).body((context, args) -> {
            if (run(context.job().id()) == 1) {
                throw new Failure("fails once");
            }
            return null;
        });
        app.task("held").retry(1).body((context, args) -> {
            if (run(context.job().id()) == 1) {
                longJobMayEnd.await();
                throw new Failure("fails once");
            }
            return null;
        });
        app.task("long").body((context, args) -> {
            run(context.job().id());
            longJobMayEnd.await();
            longJobHasEnded.countDown();
            return null;
        });
    }

    private int run(long job) {
        return runs.computeIfAbsent(job, id -> new AtomicInteger()).incrementAndGet();
    }

    /** How many runs there have been so far. */
    int ran() {
        return runs.values().stream().mapToInt(AtomicInteger::get).sum();
    }

    void insert(int many) {
        database.texts(INSERT, many).forEach(id -> inserted.add(String.valueOf(id)));
    }

    /** Inserts jobs, and waits until the workers are in the middle of them. Nothing is broken yet. */
    void insertAndAwaitRuns(int many) {
        int before = ran();
        insert(many);
        Patience.prepare("the workers to run jobs").until(() -> ran() > before);
    }

    /** Inserts jobs, and waits until the workers are in the middle of them, after something broke. */
    void insertAndAwaitRecovery(int many) {
        int before = ran();
        insert(many);
        Patience.await("the workers to run jobs again").until(() -> ran() > before);
    }

    /** Waits until every inserted job has run, after something broke. */
    void awaitEachRan() {
        Patience.await("all jobs to run")
                .until(() -> inserted.stream().allMatch(id -> runs.containsKey(Long.parseLong(id))));
    }

    /** Inserts a job that runs until it is released, and waits until it runs. */
    void startLongJob() {
        String id = String.valueOf(database.text(
                "INSERT INTO procrastinate_jobs (queue_name, task_name)" + " VALUES ('default', 'long') RETURNING id"));
        inserted.add(id);
        Patience.prepare("the long job to run").until(() -> runs.containsKey(Long.parseLong(id)));
    }

    /** Inserts jobs that fail once when they are released, and waits until they run. */
    void startHeldJobs(int many) {
        List<String> held = database
                .texts(
                        "INSERT INTO procrastinate_jobs (queue_name, task_name)"
                                + " SELECT 'default', 'held' FROM generate_series(1, ?) RETURNING id",
                        many)
                .stream()
                .map(String::valueOf)
                .toList();
        inserted.addAll(held);
        Patience.prepare("the held jobs to run")
                .until(() -> held.stream().allMatch(id -> runs.containsKey(Long.parseLong(id))));
    }

    /** Lets the held jobs fail. */
    void endHeldJobs() {
        longJobMayEnd.countDown();
    }

    /** Releases the long job. Storing its result may have to wait for the database. */
    void endLongJob() {
        longJobMayEnd.countDown();
        Patience.prepare("the long job to end").until(() -> longJobHasEnded.getCount() == 0);
    }

    /** Waits until every inserted job has ended, once and as it should. */
    void awaitEachEndedOnce() {
        longJobMayEnd.countDown();
        Patience.untilAsserted(
                "all jobs to end",
                () -> assertThat(database.texts("SELECT id || ' ' || task_name || ' ' || status FROM procrastinate_jobs"
                                + " WHERE status IN ('todo', 'doing') ORDER BY id"))
                        .as("jobs that have not ended")
                        .isEmpty());
        assertThat(database.texts("SELECT id FROM procrastinate_jobs"))
                .as("jobs that there are, and those that were inserted")
                .containsExactlyInAnyOrderElementsOf(inserted);
        assertThat(database.texts("SELECT id || ' ' || task_name || ' ' || status FROM procrastinate_jobs"
                        + " WHERE status::text <> CASE task_name WHEN 'hopeless' THEN 'failed' ELSE 'succeeded' END"))
                .as("jobs that ended otherwise than they should")
                .isEmpty();
        assertThat(database.texts("SELECT job_id || ' ' || string_agg(type::text, ', ') FROM procrastinate_events"
                        + " WHERE type IN ('succeeded', 'failed', 'cancelled', 'aborted')"
                        + " GROUP BY job_id HAVING count(*) > 1"))
                .as("jobs that ended several times")
                .isEmpty();
        List<String> twice =
                database
                        .texts("SELECT id::text FROM procrastinate_jobs WHERE task_name IN ('stubborn', 'held')")
                        .stream()
                        .map(String::valueOf)
                        .toList();
        assertThat(runs)
                .as("how often each job ran")
                .allSatisfy((id, times) ->
                        assertThat(times).as("job " + id).hasValue(twice.contains(Long.toString(id)) ? 2 : 1));
        assertThat(violations)
                .as("jobs that ran beside another one of their lock")
                .hasValue(0);
    }

    /** Fails a job, without a stack trace: the log would have many. */
    private static final class Failure extends RuntimeException {

        private static final long serialVersionUID = 1L;

        Failure(String message) {
            super(message, null, false, false);
        }
    }
}
