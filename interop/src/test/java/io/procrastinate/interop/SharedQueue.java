package io.procrastinate.interop;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.job.NewJob;
import io.procrastinate.tck.TestDatabase;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;

/** A database that programs of both languages share, for one test; everything that the test started ends with it. */
final class SharedQueue implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String TABLES = """
        CREATE TABLE journal (id bigserial PRIMARY KEY, side text, job_id bigint, what text, detail text);
        CREATE TABLE gate (open boolean);
        """;

    private final Deque<AutoCloseable> started = new ArrayDeque<>();
    private final TestDatabase database;
    private final PythonRelease release;
    private @Nullable JavaSide java;
    private @Nullable PythonSide python;

    private SharedQueue(PythonRelease release, TestDatabase database) {
        this.release = release;
        this.database = keep(database);
    }

    /** On a database without a schema. */
    static SharedQueue empty(PythonRelease release) {
        return empty(release, TestDatabase.create());
    }

    private static SharedQueue empty(PythonRelease release, TestDatabase database) {
        SharedQueue queue = new SharedQueue(release, database);
        queue.database.runScript(TABLES);
        return queue;
    }

    /** On a database with our schema. */
    static SharedQueue ofJava(PythonRelease release) {
        return ofJava(release, TestDatabase.create());
    }

    /** On a database with our schema. */
    static SharedQueue ofJava(PythonRelease release, TestDatabase database) {
        SharedQueue queue = empty(release, database);
        queue.java().app().schemaManager().apply();
        return queue;
    }

    /** On a database with the schema of Python's package. */
    static SharedQueue ofPython(PythonRelease release) {
        return ofPython(release, TestDatabase.create());
    }

    /** On a database with the schema of Python's package. */
    static SharedQueue ofPython(PythonRelease release, TestDatabase database) {
        SharedQueue queue = empty(release, database);
        queue.database.runScript(release.schema());
        return queue;
    }

    TestDatabase database() {
        return database;
    }

    ConnectorSettings settings() {
        return database.settings();
    }

    JavaSide java() {
        if (java == null) {
            java = keep(new JavaSide(settings()));
        }
        return java;
    }

    PythonSide python() {
        if (python == null) {
            python = keep(new PythonSide(release, settings()));
        }
        return python;
    }

    /** Closes a resource when the test ends, in reverse order. */
    <T extends AutoCloseable> T keep(T resource) {
        started.push(resource);
        return resource;
    }

    static NewJob job(String queue, String task) {
        return NewJob.of(task).queue(queue);
    }

    void openGate() {
        database.run("INSERT INTO gate VALUES (true)");
    }

    long journalled(String what) {
        return database.number("SELECT count(*) FROM journal WHERE what = ?", what);
    }

    void awaitStatus(long job, String status) {
        await("job " + job + " is " + status)
                .until(
                        () -> database.text("SELECT status::text FROM procrastinate_jobs WHERE id = ?", job),
                        status::equals);
    }

    /** Waits until no job of a queue waits or runs. */
    void awaitAllEndedIn(String name) {
        await("all jobs of " + name + " have ended")
                .until(
                        () -> database.number(
                                "SELECT count(*) FROM procrastinate_jobs"
                                        + " WHERE queue_name = ? AND status IN ('todo', 'doing')",
                                name),
                        left -> left == 0);
    }

    /** Waits until no job waits or runs. */
    void awaitAllEnded() {
        await("all jobs have ended")
                .until(
                        () -> database.number(
                                "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"),
                        left -> left == 0);
    }

    static ConditionFactory await(String what) {
        return Awaitility.await(what)
                .atMost(PATIENCE)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(20))
                .pollInSameThread();
    }

    @Override
    public void close() {
        List<Exception> failures = new ArrayList<>();
        started.push(this::openGate); // a worker ends when its jobs do
        while (!started.isEmpty()) {
            try {
                started.pop().close();
            } catch (Exception e) {
                failures.add(e);
            }
        }
        if (!failures.isEmpty()) {
            IllegalStateException failure =
                    new IllegalStateException("What the test started does not end", failures.get(0));
            failures.forEach(failure::addSuppressed);
            throw failure;
        }
    }
}
