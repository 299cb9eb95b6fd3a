package io.procrastinate.testing;

import io.procrastinate.App;
import io.procrastinate.job.Job;
import io.procrastinate.json.JsonCodec;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.assertj.core.api.AbstractAssert;
import org.jspecify.annotations.Nullable;

/**
 * Assertions about jobs that were deferred: each continues with the jobs for which it holds, and throws an
 * {@link AssertionError} that shows the jobs found if there is none.
 */
public final class DeferredAssert extends AbstractAssert<DeferredAssert, List<Job>> {

    private final App app;

    DeferredAssert(App app, List<Job> jobs) {
        super(jobs, DeferredAssert.class);
        this.app = app;
    }

    /**
     * Verifies the arguments: they must be these and no others.
     *
     * @param arguments the arguments that the task is deferred with, such as a record or a map
     */
    public DeferredAssert with(Object arguments) {
        Map<?, ?> wanted = map(app.tasks().json(arguments));
        return matching("the arguments " + wanted, job -> map(job.args()).equals(wanted));
    }

    /** Verifies one of the arguments. */
    public DeferredAssert withArgument(String name, @Nullable Object value) {
        Object wanted =
                map(app.tasks().json(Collections.singletonMap(name, value))).get(name);
        return matching("the argument " + name + "=" + wanted, job -> {
            Map<?, ?> found = map(job.args());
            return found.containsKey(name) && Objects.equals(found.get(name), wanted);
        });
    }

    /** Verifies the queue. */
    public DeferredAssert inQueue(String queue) {
        return matching("the queue " + queue, job -> job.queue().equals(queue));
    }

    /** Verifies the priority. */
    public DeferredAssert withPriority(int priority) {
        return matching("the priority " + priority, job -> job.priority() == priority);
    }

    /** Verifies the lock; null for none. */
    public DeferredAssert withLock(@Nullable String lock) {
        return matching("the lock " + lock, job -> Objects.equals(job.lock(), lock));
    }

    /** Verifies the queueing lock; null for none. */
    public DeferredAssert withQueueingLock(@Nullable String lock) {
        return matching("the queueing lock " + lock, job -> Objects.equals(job.queueingLock(), lock));
    }

    /** Verifies the time before which the job does not start; null for a job that starts immediately. */
    public DeferredAssert scheduledAt(@Nullable Instant instant) {
        return matching("the schedule " + instant, job -> Objects.equals(job.scheduledAt(), instant));
    }

    /** Verifies that exactly one job is left. */
    public DeferredAssert once() {
        return times(1);
    }

    /** Verifies how many jobs are left. */
    public DeferredAssert times(int number) {
        if (actual.size() != number) {
            throw failure("%nExpecting %s such jobs. Found:%s", number, AppAssert.shown(actual));
        }
        return this;
    }

    /** The jobs for which all that was asserted holds, in the order in which they were deferred. */
    public List<Job> jobs() {
        return actual;
    }

    private DeferredAssert matching(String what, Predicate<Job> condition) {
        List<Job> matching = actual.stream().filter(condition).toList();
        if (matching.isEmpty()) {
            throw failure("%nExpecting a job with%n  %s%nFound:%s", what, AppAssert.shown(actual));
        }
        return new DeferredAssert(app, matching);
    }

    private static Map<?, ?> map(String json) {
        Object read = JsonCodec.standard().read(json, Map.class);
        return read instanceof Map<?, ?> map ? map : Map.of();
    }
}
