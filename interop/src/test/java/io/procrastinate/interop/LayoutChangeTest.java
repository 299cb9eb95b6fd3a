package io.procrastinate.interop;

import static io.procrastinate.interop.WorkerSetup.on;
import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.schema.SchemaLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The tables change to our layout and back while programs of both languages defer and work. */
class LayoutChangeTest {

    private static final Logger LOG = LoggerFactory.getLogger(LayoutChangeTest.class);

    private static final int FEW = 4_000;
    private static final int MANY = Integer.getInteger("procrastinate.interop.jobs", 1_000_000);

    private static final int SEED = 10_000;
    private static final Duration LONGEST_CHANGE = Duration.ofMinutes(30);

    /**
     * Jobs that nobody works, in every state to which different ways lead; the events of each step have a time of their
     * own.
     */
    private static final List<String> SEEDS = List.of(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, scheduled_at) SELECT 'nobody', 'seed',"
                    + " CASE n %% 10 WHEN 9 THEN now() + interval '1 year' END FROM generate_series(1, %d) AS n",
            "UPDATE procrastinate_jobs SET status = 'doing' WHERE id > %d AND queue_name = 'nobody' AND id %% 10 < 7",
            "UPDATE procrastinate_jobs SET abort_requested = true"
                    + " WHERE id > %d AND queue_name = 'nobody' AND status = 'doing' AND id %% 10 = 5",
            "UPDATE procrastinate_jobs SET status = 'cancelled'"
                    + " WHERE id > %d AND queue_name = 'nobody' AND status = 'todo' AND id %% 10 = 7",
            "UPDATE procrastinate_jobs SET attempts = 1, abort_requested = false, status = CASE id %% 10 WHEN 4 THEN"
                    + " 'failed' WHEN 5 THEN 'aborted' ELSE 'succeeded' END::procrastinate_job_status WHERE id > %d AND"
                    + " queue_name = 'nobody' AND status = 'doing' AND id %% 10 < 6",
            "UPDATE procrastinate_jobs SET status = 'todo'"
                    + " WHERE id > %d AND queue_name = 'nobody' AND status = 'failed' AND id %% 3 = 0");

    /** Events of jobs that do not move any more, with their places among those of their job. */
    private static final String EVENTS = """
        SELECT e.id, e.job_id, e.type::text AS type, e.at, row_number() OVER (PARTITION BY e.job_id ORDER BY e.id) AS place
          FROM procrastinate_events e
          JOIN procrastinate_jobs j ON j.id = e.job_id
         WHERE j.queue_name = 'nobody' OR j.status NOT IN ('todo', 'doing')
        """;

    /** An event has another id only where a row tells it. */
    private static final String DIFFERENCES = """
        SELECT concat_ws(' ', job_id, place, s.id, s.type, s.at, 'is now', n.id, n.type, n.at)
          FROM seen s
          FULL JOIN (SELECT * FROM now_seen n WHERE n.job_id IN (SELECT o.job_id FROM seen o)) n USING (job_id, place)
         WHERE s.type IS DISTINCT FROM n.type
            OR s.at IS DISTINCT FROM n.at
            OR s.id < 4611686018427387904 AND s.id IS DISTINCT FROM n.id
         LIMIT 20
        """;

    private static final String SEEDED_JOBS = """
        SELECT count(*) || ' jobs, ' || sum(hashtext(concat_ws('|', id, task_name, priority, lock, queueing_lock, args,
               status, scheduled_at, attempts, abort_requested))::bigint)
          FROM procrastinate_jobs
         WHERE queue_name = 'nobody'
        """;

    private static final List<String> LEAVING_ON_THE_WAY_THERE = List.of(
            "SELECT count(*) > 0 FROM pg_index i WHERE i.indexrelid = to_regclass('procrastinate_java_free_idx')",
            "SELECT count(*) > 0 FROM pg_index i WHERE i.indexrelid = to_regclass('procrastinate_java_lock_idx')",
            "SELECT count(*) > 0 FROM pg_index i WHERE i.indexrelid = to_regclass('procrastinate_java_worker_idx')");

    private static final List<String> LEAVING_ON_THE_WAY_BACK = List.of(
            "SELECT count(*) > 0 FROM pg_trigger WHERE tgname = 'procrastinate_java_log_at_once'",
            "SELECT count(*) > 0 FROM pg_index i WHERE i.indexrelid = to_regclass('procrastinate_java_unlogged_idx')",
            "SELECT count(*) > 0 FROM procrastinate_java_event_log l WHERE l.job_id = (SELECT max(j.id)"
                    + " FROM procrastinate_jobs j WHERE j.queue_name = 'nobody' AND j.id %% 10 = 0 AND j.id < %d)",
            "SELECT count(*) > 0 FROM pg_index i WHERE i.indexrelid ="
                    + " to_regclass('procrastinate_jobs_priority_idx_v1')",
            "SELECT to_regclass('procrastinate_java_event_log') IS NULL");

    @Test
    @Tag("nightly")
    void nothingIsLostWhileTheTablesChange() {
        thereAndBack(1, FEW);
    }

    @Test
    @Tag("nightly")
    @Timeout(value = 2, unit = TimeUnit.HOURS)
    void nothingOfManyJobsIsLostWhileTheTablesChange() {
        thereAndBack(2, MANY);
    }

    private static void thereAndBack(int times, int jobs) {
        try (SharedQueue queue = SharedQueue.ofPython(PythonRelease.NEWEST)) {
            seed(queue, jobs / 2);
            List<ChildProcess> workers = new ArrayList<>();
            for (int worker = 0; worker < 2; worker++) {
                workers.add(queue.keep(queue.python().startWorker(on("shared"))));
                queue.keep(queue.java().startWorker(on("shared")));
            }
            SteadyLoad load = queue.keep(SteadyLoad.start(queue));
            look(queue);
            for (int time = 0; time < times; time++) {
                change(queue, load, SchemaLayout.OPTIMIZED, LEAVING_ON_THE_WAY_THERE);
                seed(queue, jobs / 4);
                look(queue);
                change(queue, load, SchemaLayout.ORIGINAL, LEAVING_ON_THE_WAY_BACK);
            }
            load.close();
            queue.awaitAllEndedIn("shared");

            LOG.info("{} jobs ran meanwhile", load.deferred());
            assertThat(workers).as("workers in Python").allMatch(ChildProcess::isAlive);
            assertEachJobRanOnce(queue, load.deferred());
            assertAllEventsAreThere(queue);
            assertThat(queue.database().texts("SELECT DISTINCT side FROM journal"))
                    .containsExactlyInAnyOrder("JAVA", "PYTHON");
        }
    }

    private static void seed(SharedQueue queue, int jobs) {
        for (int seeded = 0; seeded < jobs; seeded += SEED) {
            long before = queue.database().number("SELECT max(id) FROM procrastinate_jobs");
            for (String step : SEEDS) {
                queue.database()
                        .run(String.format(step, step.startsWith("INSERT") ? Math.min(SEED, jobs - seeded) : before));
            }
        }
        queue.database().run("ANALYZE procrastinate_jobs");
    }

    /** Remembers what is there. */
    private static void look(SharedQueue queue) {
        queue.database().run("DROP TABLE IF EXISTS seen");
        queue.database().run("CREATE TABLE seen AS " + EVENTS);
    }

    /** Ends the change at several points, finishes it, and compares all events with those before. */
    private static void change(SharedQueue queue, SteadyLoad load, SchemaLayout to, List<String> leaving) {
        String jobs = queue.database().text(SEEDED_JOBS);
        long middle = queue.database().number("SELECT max(id) - count(*) / 8 FROM procrastinate_jobs");
        long log = position(queue);
        long begun = System.nanoTime();
        load.longestWait();

        for (String point : leaving) {
            try (ChildProcess left = start(queue, to)) {
                SharedQueue.await(point).until(() -> !left.isAlive() || holds(queue, String.format(point, middle)));
                left.kill();
            }
        }
        String output;
        try (ChildProcess last = start(queue, to)) {
            assertThat(last.awaitExit(LONGEST_CHANGE)).as(last::toString).isZero();
            output = last.output();
        }
        LOG.info(
                "To the layout {} in {} s, with {} MiB of WAL; {} MiB of jobs and {} MiB of events; deferring waited"
                        + " for up to {}",
                to.text(),
                Duration.ofNanos(System.nanoTime() - begun).toSeconds(),
                (position(queue) - log) >> 20,
                size(queue, "procrastinate_jobs"),
                size(queue, to == SchemaLayout.ORIGINAL ? "procrastinate_events" : "procrastinate_java_event_log"),
                load.longestWait());
        LOG.debug("{}", output);

        assertThat(queue.java().app().schemaManager().layout()).isEqualTo(to);
        assertThat(queue.database().text(SEEDED_JOBS)).isEqualTo(jobs);
        queue.database().run("CREATE TABLE now_seen AS " + EVENTS);
        assertThat(queue.database().texts(DIFFERENCES)).as("events that differ").isEmpty();
        queue.database().run("DROP TABLE seen");
        queue.database().run("ALTER TABLE now_seen RENAME TO seen");
    }

    private static ChildProcess start(SharedQueue queue, SchemaLayout to) {
        return ChildProcess.java(
                LayoutChanger.class,
                queue.settings().host(),
                Integer.toString(queue.settings().port()),
                queue.settings().database(),
                to.text());
    }

    /** What was looked at may have gone since: then the point has been passed. */
    private static boolean holds(SharedQueue queue, String condition) {
        try {
            return "t".equals(queue.database().text(condition));
        } catch (IllegalStateException gone) {
            return true;
        }
    }

    private static long position(SharedQueue queue) {
        return queue.database().number("SELECT (pg_current_wal_lsn() - '0/0')::bigint");
    }

    private static long size(SharedQueue queue, String table) {
        return queue.database().number("SELECT pg_total_relation_size(?::regclass) >> 20", table);
    }

    private static void assertEachJobRanOnce(SharedQueue queue, long deferred) {
        assertThat(queue.database().number("SELECT count(*) FROM procrastinate_jobs WHERE queue_name = 'shared'"))
                .isEqualTo(deferred);
        assertThat(queue.database()
                        .texts("SELECT concat_ws(' ', job_id, what, detail, count(*)) FROM journal"
                                + " GROUP BY job_id, what, detail HAVING count(*) > 1"))
                .as("runs that were not the only one of a job, or of its attempt")
                .isEmpty();
        assertThat(queue.database()
                        .texts("SELECT concat_ws(' ', id, task_name, status, attempts, runs) FROM procrastinate_jobs"
                                + " LEFT JOIN (SELECT job_id AS id, count(*) AS runs FROM journal GROUP BY job_id)"
                                + " noted USING (id) WHERE queue_name = 'shared' AND (status <> 'succeeded' OR runs"
                                + " IS DISTINCT FROM CASE task_name WHEN 'flaky' THEN 3 WHEN 'guarded' THEN 2 ELSE"
                                + " 1 END OR attempts <> CASE task_name WHEN 'flaky' THEN 3 ELSE 1 END)"))
                .as("jobs that did not run as they should")
                .isEmpty();
    }

    private static void assertAllEventsAreThere(SharedQueue queue) {
        assertThat(queue.database()
                        .texts("SELECT DISTINCT concat_ws(': ', task_name, events) FROM (SELECT j.task_name,"
                                + " (SELECT string_agg(e.type::text, ' ' ORDER BY e.id) FROM procrastinate_events e"
                                + " WHERE e.job_id = j.id AND e.type <> 'scheduled') AS events"
                                + " FROM procrastinate_jobs j WHERE queue_name = 'shared') told"))
                .containsExactlyInAnyOrder(
                        "echo: deferred started succeeded",
                        "guarded: deferred started succeeded",
                        "flaky: deferred started deferred_for_retry started deferred_for_retry started succeeded");
    }
}
