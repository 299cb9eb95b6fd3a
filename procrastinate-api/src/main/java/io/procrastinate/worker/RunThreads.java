package io.procrastinate.worker;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Starts each run immediately on a thread of an executor, with fewer hand-overs than runs: a thread whose run has ended
 * continues with the next one, and a thread that begins a run requests another thread while more runs are waiting. So
 * blocking runs do not delay others, and short ones share few threads. Thread-safe.
 */
final class RunThreads {

    private final Executor threads;
    private final UnaryOperator<@Nullable RunningJob> code;
    private final BiConsumer<RunningJob, Throwable> whenRefused;
    private final Queue<RunningJob> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean called = new AtomicBoolean();

    /**
     * @param code executes a run; returns the run to continue with, if any, and throws nothing
     * @param whenRefused called with each run for which no thread is available, and the reason
     */
    RunThreads(
            Executor threads, UnaryOperator<@Nullable RunningJob> code, BiConsumer<RunningJob, Throwable> whenRefused) {
        this.threads = threads;
        this.code = code;
        this.whenRefused = whenRefused;
    }

    /** Throws if no thread is available, after the waiting runs have been refused. */
    void run(RunningJob run) {
        waiting.add(run);
        callThread();
    }

    /** Requests one thread at a time, which requests the next one. */
    private void callThread() {
        if (!called.compareAndSet(false, true)) {
            return;
        }
        try {
            threads.execute(this::work);
        } catch (RuntimeException | Error e) {
            called.set(false);
            for (RunningJob run = waiting.poll(); run != null; run = waiting.poll()) {
                whenRefused.accept(run, e);
            }
            throw e;
        }
    }

    private void work() {
        called.set(false); // before the check: adding a run after it requests a thread
        RunningJob run = waiting.poll();
        while (run != null) {
            if (!waiting.isEmpty()) {
                callAnother();
            }
            RunningJob next = code.apply(run);
            run = next == null ? waiting.poll() : next;
        }
    }

    private void callAnother() {
        try {
            callThread();
        } catch (RuntimeException | Error e) {
            // The waiting runs have been refused.
        }
    }
}
