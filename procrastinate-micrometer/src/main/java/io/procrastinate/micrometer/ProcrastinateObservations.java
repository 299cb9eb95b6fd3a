package io.procrastinate.micrometer;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.InvalidJobException;
import io.procrastinate.job.DeferContext;
import io.procrastinate.job.DeferMiddleware;
import io.procrastinate.job.NewJob;
import io.procrastinate.task.JobContext;
import io.procrastinate.task.Middleware;
import io.procrastinate.worker.JobResult;
import io.procrastinate.worker.WorkerListener;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Observes deferrals and runs ({@link ProcrastinateObservation}) with Micrometer's registry of observations, which
 * makes timers and, with a tracing bridge, spans of them. The trace goes on from the deferral to the run, in whatever
 * process that is, by the job's headers.
 *
 * <pre>{@code
 * ProcrastinateObservations observations = ProcrastinateObservations.create(registry);
 * App app = App.builder().deferMiddleware(observations.deferMiddleware()).build();
 * WorkerOptions options = WorkerOptions.builder()
 *         .middleware(observations.middleware())
 *         .listener(observations.listener())
 *         .build();
 * }</pre>
 *
 * <p>The middleware should be the outermost. Without the listener the outcome is not known: a run then counts as an
 * error if its code threw. A job whose task is unknown to the worker is not observed. Thread-safe.
 */
public final class ProcrastinateObservations {

    private static final Duration LONG_WAIT = Duration.ofHours(1);
    private static final String LISTENING = ProcrastinateObservations.class.getName() + ".listening";
    private static final String RUN = ProcrastinateObservations.class.getName() + ".run";
    private static final DeferObservationConvention DEFAULT_DEFER = new DefaultDeferObservationConvention();
    private static final RunObservationConvention DEFAULT_RUN = new DefaultRunObservationConvention();

    private final ObservationRegistry registry;
    private final ParentSpan parent;
    private final @Nullable DeferObservationConvention deferConvention;
    private final @Nullable RunObservationConvention runConvention;

    private ProcrastinateObservations(Builder builder) {
        this.registry = builder.registry;
        this.parent = builder.parent;
        this.deferConvention = builder.deferConvention;
        this.runConvention = builder.runConvention;
    }

    /** Observes with the default names and keys, or those of the registry's global conventions. */
    public static ProcrastinateObservations create(ObservationRegistry registry) {
        return builder(registry).build();
    }

    /** Starts with nothing else set. */
    public static Builder builder(ObservationRegistry registry) {
        return new Builder(registry);
    }

    /** Collects options. Not thread-safe. */
    public static final class Builder {

        private final ObservationRegistry registry;
        private ParentSpan parent = ParentSpan.AUTO;
        private @Nullable DeferObservationConvention deferConvention;
        private @Nullable RunObservationConvention runConvention;

        private Builder(ObservationRegistry registry) {
            this.registry = registry;
        }

        /** Sets when a run is part of the trace of its deferral; {@link ParentSpan#AUTO} unless set. */
        public Builder parent(ParentSpan when) {
            this.parent = when;
            return this;
        }

        /** Sets the names and keys of deferrals; {@link DefaultDeferObservationConvention} unless set. */
        public Builder deferConvention(DeferObservationConvention convention) {
            this.deferConvention = convention;
            return this;
        }

        /** Sets the names and keys of runs; {@link DefaultRunObservationConvention} unless set. */
        public Builder runConvention(RunObservationConvention convention) {
            this.runConvention = convention;
            return this;
        }

        /** Completes them. */
        public ProcrastinateObservations build() {
            return new ProcrastinateObservations(this);
        }
    }

    /** Observes deferrals, and gives the jobs the headers of the trace. */
    public DeferMiddleware deferMiddleware() {
        return this::defer;
    }

    /** Observes runs; a scope of the observation is open while the code runs on its thread. */
    public Middleware middleware() {
        return this::run;
    }

    /** Tells the observations of runs how these ended. */
    public WorkerListener listener() {
        return new Listener();
    }

    @SuppressWarnings("try") // the scope is there to be closed
    private CompletionStage<List<Long>> defer(DeferContext deferral, DeferMiddleware.Next next) {
        if (registry.isNoop()) {
            return next.run(deferral.jobs());
        }
        DeferObservationContext context =
                new DeferObservationContext(deferral.jobs(), deferral.joined(), deferral.periodic());
        Observation observation = ProcrastinateObservation.DEFER
                .observation(deferConvention, DEFAULT_DEFER, () -> context, registry)
                .start();
        CompletionStage<List<Long>> deferred;
        try (Observation.Scope scope = observation.openScope()) {
            deferred = next.run(withHeaders(context));
        } catch (RuntimeException | Error e) {
            observation.error(e).stop();
            throw e;
        }
        return deferred.whenComplete((ids, failure) -> {
            if (failure != null) {
                observation.error(Stages.cause(failure));
            } else {
                context.deferred(ids);
            }
            observation.stop();
        });
    }

    private static List<NewJob> withHeaders(DeferObservationContext context) {
        Map<String, String> headers = context.getCarrier();
        if (headers == null || headers.isEmpty()) {
            return context.jobs();
        }
        return context.jobs().stream().map(job -> withHeaders(job, headers)).toList();
    }

    private static NewJob withHeaders(NewJob job, Map<String, String> headers) {
        try {
            return with(job, headers);
        } catch (InvalidJobException e) { // baggage may be long, the trace is short
            Map<String, String> essential = new LinkedHashMap<>(headers);
            essential.remove("baggage");
            return with(job, essential);
        }
    }

    private static NewJob with(NewJob job, Map<String, String> headers) {
        NewJob with = job;
        for (Map.Entry<String, String> header : headers.entrySet()) {
            with = with.header(header.getKey(), header.getValue());
        }
        return with;
    }

    private @Nullable Object run(JobContext run, Middleware.Next next) throws Exception {
        if (registry.isNoop()) {
            return next.run();
        }
        ObservedRun observed = ObservedRun.start(
                new RunObservationContext(run, isPartOfTrace(run)), runConvention, DEFAULT_RUN, registry);
        boolean listening = run.attributes().containsKey(LISTENING);
        if (listening) {
            run.attributes().put(RUN, observed);
        }
        return observed.around(next, !listening);
    }

    private boolean isPartOfTrace(JobContext run) {
        return switch (parent) {
            case ALWAYS -> true;
            case NEVER -> false;
            case AUTO -> {
                Duration waited = run.job().waited();
                yield run.job().attempts() == 0 && (waited == null || waited.compareTo(LONG_WAIT) < 0);
            }
        };
    }

    /** Ends the observations when the results are stored. */
    private static final class Listener implements WorkerListener {

        @Override
        public void jobStarted(JobContext context) {
            context.attributes().put(LISTENING, true);
        }

        @Override
        public void jobEnded(JobContext context, JobResult result) {
            if (context.attributes().remove(RUN) instanceof ObservedRun run) {
                run.ended(result);
            }
        }
    }
}
