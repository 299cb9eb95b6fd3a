package io.procrastinate.worker;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A worker's health at one instant. Suitable for a probe of the process: a worker with problems continues to try, and
 * is healthy again when they pass.
 */
public final class WorkerHealth {

    private final Values values;

    WorkerHealth(
            State state,
            @Nullable Instant lastHeartbeat,
            int concurrency,
            int runningJobs,
            int localQueue,
            List<Problem> problems) {
        this.values = new Values(state, lastHeartbeat, concurrency, runningJobs, localQueue, problems);
    }

    /** Whether the worker is running or stopping, and nothing is wrong. */
    public boolean isHealthy() {
        return values.problems.isEmpty() && (values.state == State.RUNNING || values.state == State.STOPPING);
    }

    /** The state of a worker. */
    public enum State {
        /** It was not started. */
        NEW,
        /** It was started, and waits for the database. */
        CONNECTING,
        /** It takes jobs. */
        RUNNING,
        /** It takes no more jobs, and lets those that run end. */
        STOPPING,
        /** It has ended. */
        ENDED
    }

    /**
     * One thing that is wrong.
     *
     * @param activity what the worker cannot do, such as {@code fetching jobs} or {@code heartbeat}
     * @param since since when, by the clock of this process
     * @param reason a description, for people
     * @param cause the last exception, or null if there was none
     */
    public record Problem(
            String activity,
            Instant since,
            String reason,
            @Nullable Throwable cause) {

        /** The problem, for people. */
        @Override
        public String toString() {
            return activity + " " + reason + " (since " + since + ")";
        }
    }

    /** The worker's state. */
    public State state() {
        return values.state;
    }

    /** When the database last stored a heartbeat, by the clock of this process; null before the first one. */
    public @Nullable Instant lastHeartbeat() {
        return values.lastHeartbeat;
    }

    /** How many jobs may run at the same time: {@link WorkerOptions#concurrency()}. */
    public int concurrency() {
        return values.concurrency;
    }

    /** How many jobs were fetched and wait in this process for a job to end. */
    public int localQueue() {
        return values.localQueue;
    }

    /** How many jobs run. */
    public int runningJobs() {
        return values.runningJobs;
    }

    /** What is wrong; empty if nothing is. */
    public List<Problem> problems() {
        return values.problems;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof WorkerHealth that && values.equals(that.values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    /** Not public, so that another component breaks no caller. */
    private record Values(
            State state,
            @Nullable Instant lastHeartbeat,
            int concurrency,
            int runningJobs,
            int localQueue,
            List<Problem> problems) {

        Values {
            problems = List.copyOf(problems);
        }
    }
}
