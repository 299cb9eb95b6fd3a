package io.procrastinate.micrometer;

import io.micrometer.observation.transport.Kind;
import io.micrometer.observation.transport.SenderContext;
import io.procrastinate.job.NewJob;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A deferral that is observed. Its carrier is a map of headers, which each of the jobs is given. Used by one thread
 * at a time.
 */
public final class DeferObservationContext extends SenderContext<Map<String, String>> {

    private final List<NewJob> jobs;
    private final boolean joined;
    private final boolean periodic;
    private List<Long> ids = List.of();

    DeferObservationContext(List<NewJob> jobs, boolean joined, boolean periodic) {
        super((headers, name, value) -> Objects.requireNonNull(headers).put(name, value), Kind.PRODUCER);
        this.jobs = List.copyOf(jobs);
        this.joined = joined;
        this.periodic = periodic;
        setCarrier(new LinkedHashMap<>());
    }

    /** The jobs to defer, without the headers of this observation. */
    public List<NewJob> jobs() {
        return jobs;
    }

    /** Whether the jobs are deferred on a connection of the caller. */
    public boolean joined() {
        return joined;
    }

    /** Whether a schedule defers them. */
    public boolean periodic() {
        return periodic;
    }

    /** The ids in the order of the jobs; empty before they are deferred. */
    public List<Long> ids() {
        return ids;
    }

    void deferred(List<Long> given) {
        ids = List.copyOf(given);
    }
}
