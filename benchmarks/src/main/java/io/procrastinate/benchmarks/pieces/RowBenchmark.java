package io.procrastinate.benchmarks.pieces;

import io.procrastinate.connector.Row;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobStatus;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Creates a job from a row, as every fetch does. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class RowBenchmark {

    private final Row.Columns columns = Row.columns(List.of(
            "id",
            "queue_name",
            "task_name",
            "priority",
            "lock",
            "queueing_lock",
            "args",
            "scheduled_at",
            "attempts",
            "abort_requested"));
    private final Row row = row();

    /** Creates a row from a driver's values. */
    @Benchmark
    public Row row() {
        return columns.row(7L, "default", "noop", 0, null, null, "{\"sent\": 0}", null, 0, false);
    }

    /** Reads a row. */
    @Benchmark
    public Job job() {
        return Job.of(row, JobStatus.DOING, 1L);
    }
}
