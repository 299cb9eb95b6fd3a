package io.procrastinate.worker;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Lets other workers go first where they mostly are faster. A notification wakes every worker of a queue, and one of them gets the
 * job: a thousand idle ones would ask a thousand times for each. So a worker that came too late pauses before it follows another
 * notification, by chance, on average a millisecond times the number of its rivals, as far as how often it comes first tells them:
 * of a thousand workers one looks every millisecond or so, and a worker without rivals never pauses. For one thread.
 */
final class Rivalry {

    /** A moving average over about so many looks. */
    private static final double LOOKS = 8;

    private static final double LEAST_SHARE = 0.001;
    private static final double MOST_NANOS = Duration.ofMillis(2).toNanos();

    private double share = 1;
    private long pauseEnd = System.nanoTime();

    /** It took jobs. */
    void won() {
        share += (1 - share) / LOOKS;
        pauseEnd = System.nanoTime();
    }

    /** Another worker took the job that it was told of. */
    void lost() {
        share = Math.max(LEAST_SHARE, share - share / LOOKS);
        pauseEnd = System.nanoTime() + (long) (ThreadLocalRandom.current().nextDouble() * MOST_NANOS / share);
    }

    /** How much longer to pause; zero where it has been long enough. */
    Duration left() {
        return Duration.ofNanos(Math.max(0, pauseEnd - System.nanoTime()));
    }
}
