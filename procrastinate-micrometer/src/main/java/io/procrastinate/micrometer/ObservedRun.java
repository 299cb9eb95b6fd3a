package io.procrastinate.micrometer;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.procrastinate.driver.Stages;
import io.procrastinate.task.Middleware;
import io.procrastinate.worker.JobResult;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** The observation of one run. It ends once: the worker may give up a run whose code goes on. */
final class ObservedRun {

    private final RunObservationContext context;
    private final Observation observation;
    private final AtomicBoolean stopped = new AtomicBoolean();

    private ObservedRun(RunObservationContext context, Observation observation) {
        this.context = context;
        this.observation = observation;
    }

    static ObservedRun start(
            RunObservationContext context,
            @Nullable RunObservationConvention convention,
            RunObservationConvention fallback,
            ObservationRegistry registry) {
        return new ObservedRun(
                context,
                ProcrastinateObservation.RUN
                        .observation(convention, fallback, () -> context, registry)
                        .start());
    }

    /**
     * Runs the code.
     *
     * @param stops whether the observation ends with the code, because nobody tells how the run ended
     */
    @SuppressWarnings("try") // the scope is there to be closed
    @Nullable
    Object around(Middleware.Next next, boolean stops) throws Exception {
        Object result;
        try (Observation.Scope scope = observation.openScope()) {
            result = next.run();
        } catch (Throwable e) {
            if (stops) {
                stop(e);
            }
            throw e;
        }
        if (!stops) {
            return result;
        }
        if (result instanceof CompletionStage<?> stage) {
            return stage.whenComplete((value, failure) -> stop(failure == null ? null : Stages.cause(failure)));
        }
        stop(null);
        return result;
    }

    /** The result is stored. */
    void ended(JobResult result) {
        context.ended(result);
        stop(
                switch (result.outcome()) {
                    case SUCCEEDED, ABORTED, GIVEN_BACK, LOST -> null;
                    case FAILED, RETRIED -> result.failure();
                });
    }

    private void stop(@Nullable Throwable error) {
        if (stopped.compareAndSet(false, true)) {
            if (error != null) {
                observation.error(error);
            }
            observation.stop();
        }
    }
}
