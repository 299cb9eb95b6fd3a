package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Row;
import io.procrastinate.job.JobStatus;
import io.procrastinate.memory.InMemoryConnector;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Statements that an outage of the database delays, so that every worker looks dead when they arrive. */
class RescuerTest {

    private static final Duration STALLED = Duration.ofSeconds(2);

    private Instant now = Instant.parse("2030-01-01T00:00:00Z");
    private String delayed = "";
    private final InMemoryConnector connector = new InMemoryConnector(() -> now);
    private final App app = App.builder().connector(connector).build().open();
    private final WorkerOptions options = WorkerOptions.builder()
            .heartbeatInterval(Duration.ofMillis(500))
            .stalledWorkerTimeout(STALLED)
            .build();
    private final WorkerStore store = new WorkerStore((query, connection) -> execute(query));
    private final JobRunner runner = new JobRunner(
            options,
            new WorkerLog(options, () -> 1),
            code -> {},
            app.tasks(),
            app.jobManager(),
            ending -> {},
            () -> {},
            () -> {});
    private final Registration registration = new Registration(options, store, runner);
    private final Rescuer rescuer = new Rescuer(options, store, registration, app.tasks(), () -> {});
    private long other;
    private long job;

    private CompletionStage<List<Row>> execute(BoundQuery query) {
        if (query.query().name().equals(delayed)) {
            now = now.plus(STALLED).plusSeconds(1);
        }
        return connector.execute(query);
    }

    @BeforeEach
    void letAnotherWorkerRunAJob() {
        other = store.register();
        job = app.externalTask("work").defer(Map.of());
        store.fetch(other, null, 1);
        Awaitility.await().pollInterval(Duration.ofMillis(200)).until(() -> {
            registration.beat();
            return registration.permit() != null;
        });
    }

    @AfterEach
    void close() {
        app.close();
    }

    @Test
    void rescuesTheJobsOfAWorkerThatIsDead() {
        now = now.plus(STALLED).plusSeconds(1);
        registration.beat();

        rescuer.rescue();

        assertThat(app.jobManager().status(job)).isEqualTo(JobStatus.FAILED);
        assertThat(store.heartbeat(other)).isNull();
    }

    @Test
    void takesNobodyForDeadWhereTheSearchArrivesLate() {
        delayed = "stalled_jobs";

        rescuer.rescue();

        assertOtherWorkerIsAtWork();
    }

    @Test
    void takesNoJobAwayWhereTheRescueArrivesLate() {
        now = now.plus(STALLED).plusSeconds(1);
        registration.beat();
        delayed = "rescue_jobs";

        rescuer.rescue();

        assertOtherWorkerIsAtWork();
    }

    @Test
    void prunesNobodyWhereThePruningArrivesLate() {
        delayed = "prune_workers";

        rescuer.rescue();

        assertOtherWorkerIsAtWork();
    }

    private void assertOtherWorkerIsAtWork() {
        assertThat(app.jobManager().status(job)).isEqualTo(JobStatus.DOING);
        assertThat(store.heartbeat(other)).isNotNull();
    }
}
