package io.procrastinate.worker;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Which threads end the process: they wait for its shutdown hooks, and never come back to what they did. */
final class Exits {

    private Exits() {}

    /** Whether a thread is in {@link System#exit}. Looks at its stack: for a worker that stops, not for every job. */
    static boolean isEndingTheProcess(@Nullable Thread thread) {
        return thread != null
                && Arrays.stream(thread.getStackTrace())
                        .anyMatch(frame -> frame.getClassName().equals("java.lang.Runtime")
                                && frame.getMethodName().equals("exit"));
    }
}
