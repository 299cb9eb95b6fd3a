package io.procrastinate.worker;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Runs each run at once on a thread of an executor, with fewer hand-overs than runs: a thread whose run has ended goes on with the
 * next one, and a thread that begins a run calls for another thread while more runs wait for one. So runs that block hold up no
 * others, and short ones share few threads. Thread-safe.
 */
final class RunThreads {

    private final Executor threads;
    private final UnaryOperator<@Nullable RunningJob> code;
    private final BiConsumer<RunningJob, Throwable> whenRefused;
    private final Queue<RunningJob> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean called = new AtomicBoolean();

    /**
     * @param code what a thread does with a run; answers the one to go on with, if any, and throws nothing
     * @param whenRefused takes each run for which no thread can be had, and why
     */
    RunThreads(
            Executor threads, UnaryOperator<@Nullable RunningJob> code, BiConsumer<RunningJob, Throwable> whenRefused) {
        this.threads = threads;
        this.code = code;
        this.whenRefused = whenRefused;
    }

    /** Throws where no thread can be had, when those who wait for one have been told. */
    void run(RunningJob run) {
        waiting.add(run);
        callThread();
    }

    /** One thread is called for at a time: it calls for the next one. */
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
        called.set(false); // before the look: who adds a run after it calls for a thread
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
            // Those who waited have been told.
        }
    }
}
