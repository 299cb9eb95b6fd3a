package io.procrastinate.worker;

import java.lang.Thread.UncaughtExceptionHandler;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * The state of a thread that code can change, restored before the thread runs other code. Thread-locals of the code
 * cannot be found, and stay.
 */
record ThreadState(
        String name,
        int priority,
        @Nullable ClassLoader loader,
        @Nullable UncaughtExceptionHandler handler,
        @Nullable Map<String, String> mdc) {

    /** The state of the current thread. */
    static ThreadState now() {
        Thread thread = Thread.currentThread();
        return new ThreadState(
                thread.getName(),
                thread.getPriority(),
                thread.getContextClassLoader(),
                thread.getUncaughtExceptionHandler(),
                MDC.getCopyOfContextMap());
    }

    /** Puts the current thread back into this state. */
    @SuppressWarnings("ThreadPriorityCheck") // undoes what the code has set
    void restore() {
        Thread thread = Thread.currentThread();
        if (!thread.getName().equals(name)) {
            thread.setName(name);
        }
        if (thread.getPriority() != priority) {
            thread.setPriority(priority);
        }
        if (thread.getContextClassLoader() != loader) {
            thread.setContextClassLoader(loader);
        }
        if (thread.getUncaughtExceptionHandler() != handler) {
            thread.setUncaughtExceptionHandler(handler);
        }
        if (mdc == null) {
            MDC.clear();
        } else {
            MDC.setContextMap(mdc);
        }
    }
}
