package io.procrastinate.micrometer;

import io.micrometer.observation.transport.Kind;
import io.micrometer.observation.transport.ReceiverContext;
import io.procrastinate.task.JobContext;
import io.procrastinate.worker.JobResult;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A run that is observed. Its carrier is the map of the job's headers, or an empty one if the run is not to be part of
 * the trace of its deferral. Used by one thread at a time.
 */
public final class RunObservationContext extends ReceiverContext<Map<String, String>> {

    private final JobContext run;
    private final boolean partOfTrace;
    private volatile @Nullable JobResult result;

    RunObservationContext(JobContext run, boolean partOfTrace) {
        super(Map::get, Kind.CONSUMER);
        this.run = run;
        this.partOfTrace = partOfTrace;
        setCarrier(partOfTrace ? run.job().headers() : Map.of());
    }

    /** The run. */
    public JobContext run() {
        return run;
    }

    /** Whether the run is part of the trace of its deferral, if that had one. */
    public boolean partOfTrace() {
        return partOfTrace;
    }

    /** How the run ended, as it was stored; null before that, and without a listener. */
    public @Nullable JobResult result() {
        return result;
    }

    void ended(JobResult stored) {
        result = stored;
    }
}
