package io.procrastinate.worker;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Finds threads that end the process: they wait for its shutdown hooks, and never return. */
final class Exits {

    private Exits() {}

    /**
     * Whether a thread is in {@link System#exit}. Inspects its stack: affordable when a worker stops, not for every
     * job.
     */
    static boolean isEndingTheProcess(@Nullable Thread thread) {
        return thread != null
                && Arrays.stream(thread.getStackTrace())
                        .anyMatch(frame -> frame.getClassName().equals("java.lang.Runtime")
                                && frame.getMethodName().equals("exit"));
    }
}
