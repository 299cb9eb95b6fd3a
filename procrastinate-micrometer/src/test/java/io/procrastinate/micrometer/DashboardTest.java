package io.procrastinate.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.procrastinate.App;
import io.procrastinate.exception.AlreadyEnqueuedException;
import io.procrastinate.job.Job;
import io.procrastinate.job.NewJob;
import io.procrastinate.json.JsonCodec;
import io.procrastinate.task.Periodic;
import io.procrastinate.task.Task;
import io.procrastinate.tck.TestDatabase;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerHealth;
import io.procrastinate.worker.WorkerOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The dashboard and the documentation name the meters that there are. */
class DashboardTest {

    private static final Path DOCS = Path.of("..", "docs");
    private static final Pattern EXPRESSION = Pattern.compile("\"(?:expr|definition|query)\": \"(.*)\"");
    private static final Pattern SERIES = Pattern.compile("procrastinate_\\w+");
    private static final Pattern ROW = Pattern.compile("(?m)^\\| `(procrastinate\\.[a-z.]+)` \\|");

    @Test
    void everyNameIsThatOfAMeterAndEachMeterIsNamed() throws IOException {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        registry.config().meterFilter(histograms());
        try (TestDatabase database = TestDatabase.withSchema();
                ProcrastinateMeters meters = ProcrastinateMeters.create(Duration.ofSeconds(1));
                App app = App.builder()
                        .settings(database.settings())
                        .deferMiddleware(meters)
                        .build()
                        .open();
                Worker idle = app.worker(WorkerOptions.defaults())) {
            meters.bindTo(registry);
            meters.watch(app);
            meters.watch(idle);
            makeTheOthers(app, meters);

            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertThatTheyAreNamed(registry));
        }
    }

    private static void assertThatTheyAreNamed(PrometheusMeterRegistry registry) throws IOException {
        String dashboard = Files.readString(DOCS.resolve("grafana-dashboard.json"));
        assertThat(JsonCodec.standard().read(dashboard, Map.class)).isNotNull();
        Set<String> shown = EXPRESSION
                .matcher(dashboard)
                .results()
                .flatMap(expression -> found(SERIES, expression.group(1)).stream())
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(found(SERIES, registry.scrape())).containsAll(shown);
        Set<String> names = registry.getMeters().stream()
                .map(meter -> meter.getId().getName())
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(names)
                .allSatisfy(name -> assertThat(shown)
                        .as("series of %s", name)
                        .anyMatch(one -> one.startsWith(name.replace('.', '_'))));
        assertThat(ROW.matcher(Files.readString(DOCS.resolve("monitoring.md")))
                        .results()
                        .map(row -> row.group(1)))
                .containsExactlyInAnyOrderElementsOf(names);
    }

    private static void makeTheOthers(App app, ProcrastinateMeters meters) {
        Periodic daily = Periodic.cron("@daily");
        Task<Map<String, @Nullable Object>> task =
                app.task("works").periodic(daily).run(nothing -> {});
        task.defer(Map.of());
        NewJob once = NewJob.of("works").queueingLock("once");
        app.jobManager().defer(once);
        assertThatThrownBy(() -> app.jobManager().defer(once)).isInstanceOf(AlreadyEnqueuedException.class);
        app.runWorker(WorkerOptions.builder()
                .listener(meters)
                .installShutdownHook(false)
                .waitForJobs(false)
                .build());
        meters.periodicDeferred("worker", task, daily, Instant.EPOCH, 1);
        meters.periodicSkipped("worker", task, daily, Instant.EPOCH);
        meters.jobsRescued("worker", List.of(Job.builder(1, "works").build()));
        meters.problemBegan("worker", new WorkerHealth.Problem("heartbeat", Instant.EPOCH, "failed", null));
    }

    private static Set<String> found(Pattern pattern, String text) {
        return pattern.matcher(text)
                .results()
                .map(result -> result.group())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static MeterFilter histograms() {
        return new MeterFilter() {
            @Override
            public DistributionStatisticConfig configure(Meter.Id id, DistributionStatisticConfig config) {
                return DistributionStatisticConfig.builder()
                        .percentilesHistogram(id.getName().equals("procrastinate.job.run"))
                        .build()
                        .merge(config);
            }
        };
    }
}
