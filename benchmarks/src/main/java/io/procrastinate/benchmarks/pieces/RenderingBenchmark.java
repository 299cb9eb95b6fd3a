package io.procrastinate.benchmarks.pieces;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.ParameterType;
import io.procrastinate.connector.Query;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Queries: rendering one, which happens once for each, and binding one, which happens at every call. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class RenderingBenchmark {

    private static final String SQL =
            "SELECT id, args::text FROM jobs WHERE queue = :queue AND priority > :priority AND name <> ':no' LIMIT :limit";

    private final Query query = render();

    /** Reads the names of the parameters out of the SQL. */
    @Benchmark
    public Query render() {
        return Query.named("some_jobs")
                .parameter("queue", ParameterType.TEXT)
                .parameter("priority", ParameterType.INTEGER)
                .parameter("limit", ParameterType.INTEGER)
                .sql(SQL);
    }

    /** Gives a query its values, in the order that JDBC requires. */
    @Benchmark
    public List<@Nullable Object> bind() {
        BoundQuery bound = query.bind()
                .set("queue", "default")
                .set("priority", 3)
                .set("limit", 100)
                .build();
        return bound.values(query.positional());
    }
}
