package io.procrastinate.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import io.procrastinate.App;
import io.procrastinate.adapter.Connectors;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.exception.SchemaException;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobCounts;
import io.procrastinate.job.JobEvent;
import io.procrastinate.job.JobFilter;
import io.procrastinate.job.JobManager;
import io.procrastinate.job.JobStatus;
import io.procrastinate.job.OldJobs;
import io.procrastinate.job.RetryDecision;
import io.procrastinate.monitor.Finding;
import io.procrastinate.worker.WorkerOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The code of the pages on managing jobs and the schema. */
class AdministrationTest {

    private final TestDatabase database = TestDatabase.withSchema();

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void failedJobsAreListedAndRetried(int count) {
        try (App app = App.create(database.settings()).open()) {
            app.task("flaky").run(args -> {
                throw new IllegalStateException("down");
            });
            app.configureTask("flaky").batchDefer(Collections.nCopies(count, Map.of()));
            app.runWorker(WorkerOptions.builder().waitForJobs(false).build());

            JobManager jobs = app.jobManager();
            for (Job job : jobs.list(JobFilter.ALL.taskName("flaky").status(JobStatus.FAILED))) {
                jobs.retry(job.id(), RetryDecision.now());
            }

            assertThat(jobs.list(JobFilter.ALL))
                    .extracting(Job::status)
                    .containsExactlyElementsOf(Collections.nCopies(count, JobStatus.TODO));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 100, 101})
    void jobsAreReadPageByPageAndCounted(int count) {
        try (App app = App.create(database.settings()).open()) {
            List<Long> ids =
                    app.externalTask("mail.send").queue("mail").batchDefer(Collections.nCopies(count, Map.of()));
            JobManager jobs = app.jobManager();

            List<Job> all = new ArrayList<>();
            List<Job> page = jobs.list(JobFilter.ALL.queue("mail").page(0, 100));
            while (!page.isEmpty()) {
                all.addAll(page);
                long last = page.get(page.size() - 1).id();
                page = jobs.list(JobFilter.ALL.queue("mail").page(last, 100));
            }
            assertThat(all).extracting(Job::id).containsExactlyElementsOf(ids);

            List<String> lines = new ArrayList<>();
            for (JobCounts queue : jobs.queues(JobFilter.ALL)) {
                lines.add(queue.name() + ": " + queue.of(JobStatus.TODO) + " waiting of " + queue.total());
            }
            assertThat(lines).isEqualTo(count == 0 ? List.of() : List.of("mail: " + count + " waiting of " + count));
        }
    }

    @Test
    void aJobTellsWhatBecameOfIt() {
        try (App app = App.create(database.settings()).open()) {
            app.task("sum").storeResult(true).call(args -> 40 + 2);
            app.task("fail").run(args -> {
                throw new IllegalStateException("the card 4711 was refused");
            });
            List<Long> ids = List.of(
                    app.configureTask("sum").defer(Map.of()),
                    app.configureTask("fail").defer(Map.of()));
            WorkerOptions options = WorkerOptions.builder()
                    .errorText((job, failure) -> String.valueOf(failure).replaceAll("card [0-9]+", "card ***"))
                    .waitForJobs(false)
                    .build();
            app.runWorker(options);
            JobManager jobs = app.jobManager();

            List<String> lines = new ArrayList<>();
            for (long id : ids) {
                Job job = jobs.list(JobFilter.ALL.id(id)).get(0);
                lines.add("waited " + job.waited() + ", ran " + job.ran());
                lines.add("result " + job.result() + ", error " + job.error());
                for (JobEvent event : jobs.events(id)) {
                    lines.add(event.at() + " " + event.type());
                }
            }

            assertThat(lines)
                    .contains(
                            "result 42, error null",
                            "result null, error java.lang.IllegalStateException: the card *** was refused")
                    .hasSize(10);
        }
    }

    @Test
    void theExaminationSaysWhatToDo() {
        try (App app = App.create(database.settings()).open()) {
            List<String> lines = new ArrayList<>();
            for (Finding finding : app.examine()) {
                if (finding.severity() != Finding.Severity.OK) {
                    lines.add(finding.code() + ": " + finding.text());
                }
            }
            assertThat(lines).anyMatch(line -> line.startsWith("workers: none is alive: jobs wait. Start one"));
        }
    }

    @Test
    void theQueriesForMonitoringWorkOnAnEmptyQueueAndOnOneJob() {
        List<String> queries = Pattern.compile("(?ms)^```sql\\n(.*?)^```$")
                .matcher(Documents.read("docs/monitoring.md"))
                .results()
                .map(query -> query.group(1))
                .toList();
        assertThat(queries).hasSize(2);
        assertThat(database.rows(queries.get(0))).isEmpty();
        assertThat(database.rows(queries.get(1))).containsExactly("null");

        try (App app = App.create(database.settings()).open()) {
            app.task("often").retry(2).body((context, args) -> {
                if (context.job().attempts() < 2) {
                    throw new IllegalStateException("busy");
                }
                return null;
            });
            app.configureTask("often").defer(Map.of());
            assertThat(database.rows(queries.get(0))).isEmpty();
            assertThat(database.rows(queries.get(1))).hasSize(1).doesNotContain("null");
            app.runWorker(WorkerOptions.builder().waitForJobs(false).build());
        }
        assertThat(database.rows(queries.get(0))).singleElement(STRING).startsWith("often 1 ");
        assertThat(database.rows(queries.get(1))).containsExactly("null");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void stalledJobsAreListed(int count) {
        try (App app = App.create(database.settings()).open()) {
            List<Long> ids = app.externalTask("mail.send").batchDefer(Collections.nCopies(count, Map.of()));
            database.execute("UPDATE procrastinate_jobs SET status = 'doing'");
            JobManager jobs = app.jobManager();

            List<Job> stalled = jobs.list(JobFilter.ALL.stalledFor(Duration.ofSeconds(30)));

            assertThat(stalled).extracting(Job::id).containsExactlyElementsOf(ids);
        }
    }

    @Test
    void oldJobsAreDeleted() {
        try (App app = App.create(database.settings()).open()) {
            long removed = app.jobManager()
                    .deleteOld(OldJobs.ended(Duration.ofDays(30)).queue("mail"), () -> true);

            assertThat(removed).isZero();
        }
    }

    @Test
    void workersRemoveOldJobsThemselves() {
        try (App app = App.builder()
                .settings(database.settings())
                .retention(Duration.ofDays(30))
                .build()) {
            assertThat(app.tasks().all()).anyMatch(task -> !task.periodics().isEmpty());
        }
    }

    @Test
    void theTablesLiveInASchemaOfTheirOwn() {
        database.execute("CREATE SCHEMA queue");
        ConnectorSettings settings =
                database.settings().toBuilder().schema("queue").build();
        try (App app = App.create(settings).open()) {
            app.schemaManager().apply();
        }

        assertThat(database.rows("SELECT to_regclass('queue.procrastinate_jobs') IS NOT NULL"))
                .containsExactly("t");
    }

    @Test
    void theSchemaIsMadeUnlessItIsThere() {
        try (App app = App.create(TestDatabase.empty().settings()).open()) {
            if (!app.schemaManager().isApplied()) {
                app.schemaManager().apply();
            }
            app.schemaManager().requireSupported();
            assertThatThrownBy(() -> app.schemaManager().apply()).isInstanceOf(SchemaException.class);
        }
    }

    @Test
    void theSchemaIsEnsuredByEachInstance() {
        try (App app = App.create(TestDatabase.empty().settings()).open()) {
            boolean changed = app.schemaManager().ensure();

            assertThat(changed).isTrue();
            assertThat(app.schemaManager().ensure()).isFalse();
            app.schemaManager().requireSupported();
        }
    }

    @Test
    void aSchemaOfPythonIsOptimizedWhileItIsUsed() {
        try (App app = App.create(database.settings()).open()) {
            app.schemaManager().deoptimize();

            if (!app.schemaManager().isOptimized()) {
                app.schemaManager().optimize();
            }

            assertThat(app.schemaManager().isOptimized()).isTrue();
        }
    }

    @Test
    void theSchemaIsOneScriptThatMakesAllOfIt() {
        TestDatabase fresh = TestDatabase.empty();
        try (App app = App.create(fresh.settings()).open()) {
            fresh.execute(app.schemaManager().sql());

            app.schemaManager().requireSupported();
            assertThat(app.schemaManager().isOptimized()).isTrue();
            assertThat(app.schemaManager().missingParts()).isEmpty();
        }
    }

    @Test
    void settingsAreGivenOneByOne() {
        ConnectorSettings given = database.settings();
        ConnectorSettings settings = ConnectorSettings.builder()
                .host("db.example.com")
                .database("shop")
                .user("worker")
                .applicationName("shop-worker")
                .poolSize(20)
                .statementTimeout(Duration.ofSeconds(10))
                .build();

        assertThat(settings.target()).isEqualTo("db.example.com:" + settings.port() + "/shop");
        assertThat(given.poolSize()).isEqualTo(10);
    }

    @Test
    void behindAPoolerNothingIsPreparedAndListeningGoesAround() {
        String direct = database.url();
        String pooler = database.url();
        ConnectorSettings settings = ConnectorSettings.of(pooler).toBuilder()
                .preparedStatements(false)
                .listenUrl(direct)
                .build();

        try (App app = App.create(settings).open()) {
            assertThat(app.schemaManager().isApplied()).isTrue();
        }
        assertThat(settings.forListening().target())
                .isEqualTo(database.settings().target());
    }

    @Test
    void aSynchronousConnectorJustDefers() {
        try (App app = App.builder()
                .connector(Connectors.named("pgjdbc", database.settings()).sync())
                .build()
                .open()) {
            app.externalTask("mail.send").defer(Map.of("to", "ada@example.com"));
        }

        assertThat(database.rows("SELECT task_name FROM procrastinate_jobs")).containsExactly("mail.send");
    }
}
