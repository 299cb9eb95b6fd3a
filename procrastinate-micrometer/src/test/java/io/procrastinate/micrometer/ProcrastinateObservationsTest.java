package io.procrastinate.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.common.KeyValue;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.procrastinate.App;
import io.procrastinate.exception.AlreadyEnqueuedException;
import io.procrastinate.job.NewJob;
import io.procrastinate.tck.TestDatabase;
import io.procrastinate.worker.WorkerOptions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ProcrastinateObservationsTest {

    private static final String TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    private final TestDatabase database = TestDatabase.withSchema();
    private final ObservationRegistry registry = ObservationRegistry.create();
    private final Bridge bridge = new Bridge();
    private final ProcrastinateObservations observations = ProcrastinateObservations.create(registry);
    private final App app = App.builder()
            .settings(database.settings())
            .deferMiddleware(observations.deferMiddleware())
            .build()
            .open();

    ProcrastinateObservationsTest() {
        registry.observationConfig().observationHandler(bridge);
    }

    @AfterEach
    void close() {
        app.close();
        database.close();
    }

    @Test
    void runGetsTheHeadersOfItsDeferral() {
        app.task("mail.send").queue("mail").lock("ada").run(nothing -> {});
        long job = app.configureTask("mail.send").defer(Map.of());
        work(observations);

        DeferObservationContext defer = bridge.only(DeferObservationContext.class);
        assertThat(defer.getContextualName()).isEqualTo("defer mail");
        assertThat(low(defer))
                .containsEntry("messaging.system", "procrastinate")
                .containsEntry("messaging.operation.name", "defer")
                .containsEntry("messaging.operation.type", "send")
                .containsEntry("messaging.destination.name", "mail")
                .containsEntry("procrastinate.task.name", "mail.send")
                .containsEntry("error.type", "none");
        assertThat(high(defer))
                .containsEntry("messaging.message.id", Long.toString(job))
                .containsEntry("procrastinate.lock", "ada");
        RunObservationContext run = bridge.only(RunObservationContext.class);
        assertThat(bridge.received).containsExactly(TRACE);
        assertThat(run.getContextualName()).isEqualTo("run mail.send");
        assertThat(low(run))
                .containsEntry("messaging.operation.name", "run")
                .containsEntry("messaging.operation.type", "process")
                .containsEntry("messaging.destination.name", "mail")
                .containsEntry("procrastinate.task.name", "mail.send")
                .containsEntry("procrastinate.outcome", "succeeded")
                .containsEntry("error.type", "none");
        assertThat(high(run))
                .containsEntry("messaging.message.id", Long.toString(job))
                .containsEntry("procrastinate.job.attempt", "1")
                .containsEntry("messaging.client.id", "worker");
    }

    @Test
    void jobsOfABatchShareAnObservation() {
        app.jobManager()
                .batchDefer(List.of(NewJob.of("a").queue("one"), NewJob.of("b").queue("two")));

        DeferObservationContext defer = bridge.only(DeferObservationContext.class);
        assertThat(high(defer)).containsEntry("messaging.batch.message_count", "2");
        assertThat(low(defer)).containsEntry("messaging.destination.name", "(other)");
        assertThat(database.texts("SELECT java_headers ->> 'traceparent' FROM procrastinate_jobs"))
                .containsExactly(TRACE, TRACE);
    }

    @Test
    void aRetryTellsItsOutcomeAndTheNextRunIsATraceOfItsOwn() {
        List<Integer> runs = new ArrayList<>();
        app.task("flaky").retry(1).run(nothing -> {
            runs.add(1);
            if (runs.size() == 1) {
                throw new IOException("no network");
            }
        });
        app.configureTask("flaky").defer(Map.of());
        work(observations);

        List<RunObservationContext> observed = bridge.ended(RunObservationContext.class);
        assertThat(observed).hasSize(2);
        assertThat(low(observed.get(0)))
                .containsEntry("procrastinate.outcome", "retried")
                .containsEntry("error.type", "java.io.IOException");
        assertThat(observed.get(0).getError()).hasMessage("no network");
        assertThat(low(observed.get(1))).containsEntry("procrastinate.outcome", "succeeded");
        assertThat(high(observed.get(1))).containsEntry("procrastinate.created.by", TRACE);
        assertThat(bridge.received).containsExactly(TRACE);
    }

    @Test
    void runIsAlwaysOrNeverPartOfTheTraceIfToldSo() {
        app.task("late").run(nothing -> {});
        app.configureTask("late").queue("always").defer(Map.of());
        app.configureTask("late").queue("never").defer(Map.of());
        database.run("UPDATE procrastinate_jobs SET java_deferred_at = java_deferred_at - interval '61 minutes'"
                + " WHERE queue_name = 'always'");

        work(with(ParentSpan.NEVER), "never");
        assertThat(bridge.received).isEmpty();
        work(with(ParentSpan.ALWAYS), "always");
        assertThat(bridge.received).containsExactly(TRACE);
    }

    @Test
    void deferralThatIsRefusedIsAnError() {
        NewJob job = NewJob.of("once").queueingLock("once");
        app.jobManager().defer(job);

        assertThatThrownBy(() -> app.jobManager().defer(job)).isInstanceOf(AlreadyEnqueuedException.class);

        assertThat(bridge.ended(DeferObservationContext.class).get(1).getError())
                .isInstanceOf(AlreadyEnqueuedException.class);
    }

    @Test
    void observationIsCurrentInTheCode() {
        List<@Nullable Observation> seen = new CopyOnWriteArrayList<>();
        app.task("look").run(nothing -> seen.add(registry.getCurrentObservation()));
        app.configureTask("look").defer(Map.of());
        work(observations);

        assertThat(seen).hasSize(1);
        assertThat(Objects.requireNonNull(seen.get(0)).getContext()).isSameAs(bridge.only(RunObservationContext.class));
        assertThat(registry.getCurrentObservation()).isNull();
    }

    @Test
    void observationOfAStageEndsWithTheStage() {
        app.task("stage").call(nothing -> later());
        app.configureTask("stage").defer(Map.of());
        app.runWorker(WorkerOptions.builder()
                .middleware(observations.middleware())
                .installShutdownHook(false)
                .waitForJobs(false)
                .build());

        RunObservationContext run = bridge.only(RunObservationContext.class);
        assertThat(run.getError()).isInstanceOf(IllegalStateException.class);
        assertThat(low(run)).containsEntry("procrastinate.outcome", "none");
    }

    @Test
    void conventionsCanBeReplaced() {
        ProcrastinateObservations renamed = ProcrastinateObservations.builder(registry)
                .runConvention(new DefaultRunObservationConvention() {
                    @Override
                    public String getName() {
                        return "shop.job";
                    }
                })
                .build();
        app.task("mine").run(nothing -> {});
        app.configureTask("mine").defer(Map.of());
        work(renamed);

        assertThat(bridge.only(RunObservationContext.class).getName()).isEqualTo("shop.job");
    }

    private static CompletionStage<String> later() {
        return CompletableFuture.supplyAsync(() -> {
            throw new IllegalStateException("after all");
        });
    }

    private ProcrastinateObservations with(ParentSpan parent) {
        return ProcrastinateObservations.builder(registry).parent(parent).build();
    }

    private void work(ProcrastinateObservations observed, String... queues) {
        app.runWorker(WorkerOptions.builder()
                .queues(queues)
                .middleware(observed.middleware())
                .listener(observed.listener())
                .installShutdownHook(false)
                .waitForJobs(false)
                .build());
    }

    private static Map<String, String> low(Observation.Context context) {
        return map(context.getLowCardinalityKeyValues());
    }

    private static Map<String, String> high(Observation.Context context) {
        return map(context.getHighCardinalityKeyValues());
    }

    private static Map<String, String> map(Iterable<KeyValue> values) {
        Map<String, String> map = new HashMap<>();
        values.forEach(value -> map.put(value.getKey(), value.getValue()));
        return map;
    }

    /** Sends and receives the header of a trace as the bridge to a tracer does. */
    private static final class Bridge implements ObservationHandler<Observation.Context> {

        private final List<Observation.Context> ended = new CopyOnWriteArrayList<>();
        private final List<String> received = new CopyOnWriteArrayList<>();

        @Override
        public void onStart(Observation.Context context) {
            if (context instanceof DeferObservationContext defer) {
                defer.getSetter().set(defer.getCarrier(), "traceparent", TRACE);
            } else if (context instanceof RunObservationContext run) {
                String header = run.getGetter().get(Objects.requireNonNull(run.getCarrier()), "traceparent");
                if (header != null) {
                    received.add(header);
                }
            }
        }

        @Override
        public void onStop(Observation.Context context) {
            ended.add(context);
        }

        @Override
        public boolean supportsContext(Observation.Context context) {
            return true;
        }

        <T extends Observation.Context> List<T> ended(Class<T> type) {
            return ended.stream().filter(type::isInstance).map(type::cast).toList();
        }

        <T extends Observation.Context> T only(Class<T> type) {
            List<T> found = ended(type);
            assertThat(found).hasSize(1);
            return found.get(0);
        }
    }
}
