package io.procrastinate.tck;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

/**
 * Finds the threads that a test has started, directly or not, even if other tests run in the JVM at the same time.
 * Registered by an instance field:
 *
 * <pre>{@code
 * @RegisterExtension
 * final StartedThreads threads = new StartedThreads();
 * }</pre>
 *
 * <p>A test and its {@code @BeforeEach} methods then run on threads of a thread group of their own, which the threads
 * that they start inherit. Thread-safe.
 */
public final class StartedThreads implements InvocationInterceptor {

    /**
     * Prefixes of the names of threads that belong to no test: those that the JDK, pgjdbc, Netty and Commons Pool start
     * once for the whole JVM, and those of the tests themselves and of their servers.
     */
    private static final List<String> SHARED = List.of(
            "CompletableFutureDelayScheduler",
            "PostgreSQL-JDBC-",
            "PostgreSQL JDBC driver connection thread",
            "globalEventExecutor",
            "commons-pool-evictor",
            "awaitility",
            "junit-",
            "postgres:",
            "process reaper",
            "tck-");

    private final ThreadGroup group = new ThreadGroup("tck-test");
    private final Collection<String> shared = new ArrayList<>(SHARED);
    private volatile @Nullable Thread test;

    /** Finds no threads before the first test, or method before it, begins. */
    public StartedThreads() {}

    /** Also ignores threads whose names have one of these prefixes. */
    StartedThreads except(Collection<String> names) {
        shared.addAll(names);
        return this;
    }

    /**
     * The names of the threads that are still alive, without those that a driver or the JDK shares between all tests.
     */
    public List<String> alive() {
        return threads().stream()
                .map(Thread::getName)
                .filter(name -> shared.stream().noneMatch(name::startsWith))
                .sorted()
                .toList();
    }

    /** All threads that are still alive, those that are shared included, except the test's own. */
    public List<Thread> threads() {
        Thread[] threads = new Thread[16];
        int found = group.enumerate(threads);
        while (found == threads.length) { // there may be more
            threads = new Thread[2 * found];
            found = group.enumerate(threads);
        }
        return Stream.of(threads).limit(found).filter(thread -> thread != test).toList();
    }

    /** The stacks of the threads that are still alive, including shared ones. */
    String stacks() {
        StringBuilder text = new StringBuilder();
        for (Thread thread : threads()) {
            text.append("\n").append(thread.getName()).append(", ").append(thread.getState());
            for (StackTraceElement frame : thread.getStackTrace()) {
                text.append("\n    at ").append(frame);
            }
        }
        return text.toString();
    }

    @Override
    public void interceptBeforeEachMethod(
            Invocation<@Nullable Void> invocation,
            ReflectiveInvocationContext<Method> invocationContext,
            ExtensionContext context)
            throws Throwable {
        inGroup(invocation);
    }

    @Override
    public void interceptTestMethod(
            Invocation<@Nullable Void> invocation,
            ReflectiveInvocationContext<Method> invocationContext,
            ExtensionContext context)
            throws Throwable {
        inGroup(invocation);
    }

    @Override
    public void interceptTestTemplateMethod(
            Invocation<@Nullable Void> invocation,
            ReflectiveInvocationContext<Method> invocationContext,
            ExtensionContext context)
            throws Throwable {
        inGroup(invocation);
    }

    private void inGroup(Invocation<@Nullable Void> invocation) throws Throwable {
        FutureTask<@Nullable Throwable> task = new FutureTask<>(() -> {
            try {
                invocation.proceed();
                return null;
            } catch (Throwable e) {
                return e;
            }
        });
        Thread thread = new Thread(group, task, Thread.currentThread().getName());
        thread.setDaemon(true);
        test = thread;
        thread.start();
        try {
            Throwable failure = task.get();
            thread.join();
            if (failure != null) {
                throw failure;
            }
        } catch (InterruptedException e) {
            thread.interrupt(); // the test's time is over
            throw e;
        }
    }
}
