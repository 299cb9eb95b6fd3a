package io.procrastinate.benchmarks.driver;

import io.procrastinate.benchmarks.driver.RawStatements.Fetched;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;

/**
 * The minimal worker that drains a queue: one thread fetches, one finishes, with a batch between them, so that both
 * statements run concurrently.
 */
final class RawWorker {

    /** Longer than the fetching thread's pause, so that the finishing one has nothing left to do. */
    private static final long POLITE_MILLIS = 1_500;

    private final List<Thread> threads = new ArrayList<>();
    private List<Runnable> resources = List.of();
    private volatile boolean stopping;

    /** Stores the results of jobs. */
    interface Finisher {
        void finish(List<Fetched> jobs) throws Exception;
    }

    /** Waits for a notification, or a while. */
    interface Pause {
        void pause() throws Exception;
    }

    void start(
            Driver.Listener listener,
            Callable<List<Fetched>> fetcher,
            Finisher finisher,
            Pause pause,
            List<Runnable> whenStopped) {
        stopping = false;
        resources = whenStopped;
        BlockingQueue<List<Fetched>> fetched = new ArrayBlockingQueue<>(1);
        run("fetch", () -> {
            while (!stopping) {
                List<Fetched> jobs = fetcher.call();
                jobs.forEach(job -> listener.ran(job.sent()));
                if (jobs.isEmpty()) {
                    pause.pause();
                } else {
                    listener.works();
                    fetched.put(jobs);
                }
            }
        });
        run("finish", () -> {
            while (true) {
                List<Fetched> jobs = fetched.take();
                finisher.finish(jobs);
                jobs.forEach(job -> listener.ended());
            }
        });
    }

    private void run(String name, Pause loop) {
        Thread thread = new Thread(
                () -> {
                    try {
                        loop.pause();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt(); // stopped
                    } catch (Exception e) {
                        throw new IllegalStateException("The raw worker failed at " + name, e);
                    }
                },
                "raw-" + name);
        thread.start();
        threads.add(thread);
    }

    void stop() {
        stopping = true;
        try {
            if (!threads.isEmpty()) {
                threads.get(0).join(POLITE_MILLIS);
            }
            for (Thread thread : threads) {
                thread.interrupt();
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        threads.clear();
        resources.forEach(Runnable::run);
        resources = List.of();
    }
}
