package io.procrastinate.benchmarks.driver;

/**
 * One queue, as the harness needs it: its tables exist after {@link #install}, jobs only notify a {@link Listener} that
 * they ran. A job's only argument is when it was sent, in microseconds since 1970.
 */
interface Driver extends AutoCloseable {

    /** Creates the tables. */
    void install() throws Exception;

    /** Puts one job into the queue, in one call of the queue's public interface. Called by many threads. */
    void defer(long sent) throws Exception;

    /**
     * Puts one job into the queue that is due after some milliseconds; its argument is the due time by this machine's
     * clock.
     */
    default void schedule(int millis) throws Exception {
        throw new UnsupportedOperationException("Schedules are not measured with this queue");
    }

    /** Puts many jobs into the queue with the queue's fastest call. */
    void deferBatch(int size) throws Exception;

    /** Starts a worker in this process with a concurrency. Some queues can have several. */
    void startWorker(int concurrency, Listener listener) throws Exception;

    /** Stops the workers; what they have run is stored. */
    void stopWorker() throws Exception;

    @Override
    void close();

    /** Receives the worker's events. Thread-safe. */
    interface Listener {

        /** A job's code runs. */
        void ran(long sent);

        /** What a job's code does: it waits, as for I/O. Jobs that one thread runs together wait together. */
        void works();

        /** A job has ended: its result is stored or, if the queue does not report that, its code has run. */
        void ended();
    }
}
