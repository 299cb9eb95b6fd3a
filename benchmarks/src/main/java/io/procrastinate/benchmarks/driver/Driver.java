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

    /** Puts many jobs into the queue by the fastest call that the queue has for it. */
    void deferBatch(int size) throws Exception;

    /** Starts a worker in this process that runs so many jobs at the same time. */
    void startWorker(int concurrency, Listener listener) throws Exception;

    /** Stops the worker; what it has run is stored. */
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
