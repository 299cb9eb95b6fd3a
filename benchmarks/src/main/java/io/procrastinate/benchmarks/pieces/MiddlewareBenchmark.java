package io.procrastinate.benchmarks.pieces;

import io.procrastinate.task.JobContext;
import io.procrastinate.task.Middleware;
import io.procrastinate.task.Task;
import java.lang.reflect.Proxy;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** A chain of middleware that does nothing. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class MiddlewareBenchmark {

    private final JobContext context = (JobContext) Proxy.newProxyInstance(
            JobContext.class.getClassLoader(), new Class<?>[] {JobContext.class}, (proxy, method, arguments) -> {
                throw new UnsupportedOperationException(method.getName());
            });
    private List<Middleware> middleware = List.of();

    /** The length of the chain. */
    @Param({"0", "1", "5"})
    public int length;

    /** Makes the chain. */
    @Setup
    public void chain() {
        middleware = Collections.nCopies(length, (job, next) -> next.run());
    }

    /** Runs the chain around code that does nothing. */
    @Benchmark
    public @Nullable Object around() throws Exception {
        return Task.around(middleware, context, () -> true).run();
    }
}
