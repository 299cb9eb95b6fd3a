package io.procrastinate.benchmarks.driver;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** Counts the jobs of a worker up to an expected number, records how long each took to start, and is what they do. */
final class Counter implements Driver.Listener {

    private final long expected;
    private final long workNanos;
    private final AtomicLong left;
    private final CountDownLatch done = new CountDownLatch(1);
    private final List<Double> latencies = new ArrayList<>();

    /** @param workMillis how long a job's code waits */
    Counter(long expected, int workMillis) {
        this.expected = expected;
        this.workNanos = TimeUnit.MILLISECONDS.toNanos(workMillis);
        this.left = new AtomicLong(expected);
    }

    /** The wall clock, which the processes of one machine share, in microseconds. */
    static long now() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }

    @Override
    public void ran(long sent) {
        if (sent > 0) {
            double millis = (now() - sent) / 1000.0;
            synchronized (latencies) {
                latencies.add(millis);
            }
        }
    }

    @Override
    public void works() {
        long end = System.nanoTime() + workNanos;
        for (long rest = workNanos; rest > 0; rest = end - System.nanoTime()) {
            LockSupport.parkNanos(rest);
        }
    }

    /** How many jobs have ended so far. */
    long count() {
        return expected - left.get();
    }

    @Override
    public void ended() {
        if (left.decrementAndGet() == 0) {
            done.countDown();
        }
    }

    /** Waits until the expected number of jobs has ended. */
    void await(Duration limit) throws InterruptedException {
        if (!done.await(limit.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new IllegalStateException(left.get() + " jobs had not ended after " + limit);
        }
    }

    /** The time from sending to start of every job that recorded when it was sent, in milliseconds. */
    List<Double> latencies() {
        synchronized (latencies) {
            return List.copyOf(latencies);
        }
    }
}
