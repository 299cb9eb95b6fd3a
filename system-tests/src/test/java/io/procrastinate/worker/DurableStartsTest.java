package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.procrastinate.fixture.Site;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which commits of a worker wait for the disk: a trigger notes what holds when a job's row is committed. */
class DurableStartsTest extends SiteTest {

    @BeforeEach
    void noteCommits() {
        site.database.run("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = local',"
                + " current_database()); END $$");
        site.database.run("CREATE TABLE commits (n serial, status text, waits text)");
        site.database.run("CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                + " INSERT INTO commits (status, waits) VALUES (NEW.status, current_setting('synchronous_commit'));"
                + " RETURN NULL; END $$");
        site.database.run("CREATE CONSTRAINT TRIGGER note AFTER UPDATE ON procrastinate_jobs"
                + " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note()");
    }

    @ParameterizedTest
    @CsvSource({
        "true,  free,         '',  doing local, succeeded local",
        "false, free,         '',  doing off, succeeded local",
        "false, free,         q,   doing off, succeeded local",
        "false, with a lock,  '',  doing local, succeeded local",
        "false, with a lock,  q,   doing local, succeeded local",
    })
    void onlyStartsOfJobsWithoutALockDoNotWaitForTheDisk(
            boolean durable, String job, String queue, String start, String end) {
        App app = site.another(site.settings); // its sessions begin after the database's setting
        app.task("work").run(args -> {});
        app.configureTask("work")
                .queue("q")
                .lock(job.equals("free") ? null : "lock")
                .defer(Map.of());
        WorkerOptions.Builder options = site.options().durableStarts(durable).waitForJobs(false);

        Worker worker = site.start(app, queue.isEmpty() ? options : options.queues(queue));

        assertThat(worker.awaitEnd(Site.BOUND)).isTrue();
        assertThat(site.sql("SELECT status || ' ' || waits FROM commits ORDER BY n"))
                .containsExactly(start, end);
    }
}
