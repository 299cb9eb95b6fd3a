package io.procrastinate.driver;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Threads for code that blocks, as many as are needed: virtual threads on Java 21 and newer, cached daemon threads
 * before.
 */
public final class BlockingThreads {

    private static final @Nullable Method IS_VIRTUAL = isVirtual();

    private BlockingThreads() {}

    /** Whether the current thread is a virtual one. */
    public static boolean isOnVirtualThread() {
        try {
            return IS_VIRTUAL != null && (boolean) IS_VIRTUAL.invoke(Thread.currentThread());
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw unlikeJava21(e);
        }
    }

    /**
     * Returns an executor that starts every task immediately on a thread of its own.
     *
     * @param name what the threads are called, followed by a number
     */
    public static ExecutorService perTask(String name) {
        if (Runtime.version().feature() >= 21) {
            return virtual(name);
        }
        return Executors.newCachedThreadPool(daemons(name));
    }

    /** Returns a factory of platform threads that are daemons. */
    public static ThreadFactory daemons(String name) {
        AtomicLong number = new AtomicLong();
        return task -> {
            Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    /** Java 21's API, found by name because this library is compiled for Java 17. */
    private static ExecutorService virtual(String name) {
        try {
            Class<?> type = Class.forName("java.lang.Thread$Builder");
            Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
            builder = type.getMethod("name", String.class, long.class).invoke(builder, name + "-", 1L);
            ThreadFactory factory = (ThreadFactory) type.getMethod("factory").invoke(builder);
            return (ExecutorService) Executors.class
                    .getMethod("newThreadPerTaskExecutor", ThreadFactory.class)
                    .invoke(null, factory);
        } catch (ClassNotFoundException
                | NoSuchMethodException
                | IllegalAccessException
                | InvocationTargetException e) {
            throw unlikeJava21(e);
        }
    }

    private static @Nullable Method isVirtual() {
        try {
            return Runtime.version().feature() >= 21 ? Thread.class.getMethod("isVirtual") : null;
        } catch (NoSuchMethodException e) {
            throw unlikeJava21(e);
        }
    }

    private static IllegalStateException unlikeJava21(ReflectiveOperationException e) {
        return new IllegalStateException(
                "Java " + Runtime.version() + " does not offer virtual threads as Java 21 does", e);
    }
}
