package io.procrastinate.benchmarks.driver;

/**
 * One queue, as the harness needs it: its tables are there after {@link #install}, jobs do nothing but tell a
 * {@link Listener} that they ran. A job carries when it was sent, in microseconds since 1970, as its only argument.
 */
interface Driver extends AutoCloseable {

    /** Makes the tables. */
    void install() throws Exception;

    /** Puts one job into the queue, in one call of the queue's public interface. Called by many threads. */
    void defer(long sent) throws Exception;

    /** Puts one job into the queue that is due in so many milliseconds; its argument is when, by this machine's clock. */
    default void schedule(int millis) throws Exception {
        throw new UnsupportedOperationException("Schedules are not measured with this queue");
    }

    /** Puts many jobs into the queue by the fastest call that the queue has for it. */
    void deferBatch(int size) throws Exception;

    /** Starts a worker in this process that runs so many jobs at the same time. Some queues can have several. */
    void startWorker(int concurrency, Listener listener) throws Exception;

    /** Stops the workers; what they have run is stored. */
    void stopWorker() throws Exception;

    @Override
    void close();

    /** Is told what the worker does. Thread-safe. */
    interface Listener {

        /** A job's code runs. */
        void ran(long sent);

        /** A job is through: its result is stored, or, where the queue does not tell, its code has run. */
        void ended();
    }
}
