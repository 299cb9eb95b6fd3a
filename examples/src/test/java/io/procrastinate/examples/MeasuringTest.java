package io.procrastinate.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.observation.ObservationRegistry;
import io.procrastinate.App;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.micrometer.ProcrastinateMeters;
import io.procrastinate.micrometer.ProcrastinateObservations;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerOptions;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Meters and observations, as docs/monitoring.md and docs/tracing.md show them. */
class MeasuringTest {

    private final ConnectorSettings settings = TestDatabase.withSchema().settings();

    @Test
    void metersAreGivenToTheAppAndItsWorkers() {
        MeterRegistry registry = new SimpleMeterRegistry();
        ProcrastinateMeters meters = ProcrastinateMeters.create();
        meters.bindTo(registry);
        App app = App.builder().settings(settings).deferMiddleware(meters).build();
        Worker worker = app.worker(
                WorkerOptions.builder().listener(meters).waitForJobs(false).build());
        meters.watch(app);
        meters.watch(worker);
        app.task("mail.send").queue("mail").run(mail -> {});
        app.configureTask("mail.send").defer(Map.of());
        try (app;
                meters) {
            worker.run();
        }

        assertThat(registry.get("procrastinate.jobs.deferred")
                        .tag("queue", "mail")
                        .counter()
                        .count())
                .isEqualTo(1);
        assertThat(registry.get("procrastinate.job.run")
                        .tag("task", "mail.send")
                        .timer()
                        .count())
                .isEqualTo(1);
    }

    @Test
    void observationsAreMadeOfDeferralsAndRuns() {
        ObservationRegistry registry = ObservationRegistry.create();
        ProcrastinateObservations observations = ProcrastinateObservations.create(registry);
        App app = App.builder()
                .settings(settings)
                .deferMiddleware(observations.deferMiddleware())
                .build();
        WorkerOptions options = WorkerOptions.builder()
                .middleware(observations.middleware())
                .listener(observations.listener())
                .waitForJobs(false)
                .build();
        app.task("mail.send").run(mail -> {});
        long job = app.open().configureTask("mail.send").defer(Map.of());
        try (app) {
            app.runWorker(options);
            assertThat(app.jobManager().status(job)).hasToString("SUCCEEDED");
        }
    }
}
