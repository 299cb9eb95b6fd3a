package io.procrastinate.benchmarks.pieces;

import io.procrastinate.json.JsonCodec;
import java.util.Map;
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

/** Arguments of jobs as JSON. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class JsonBenchmark {

    private static final JsonCodec CODEC = JsonCodec.standard();

    private final Mail mail = new Mail("ada@example.com", "Welcome", 3);
    private final String json = CODEC.write(mail);

    /** An argument of the usual size. */
    public record Mail(String to, String subject, int copies) {}

    /** Writes a record. */
    @Benchmark
    public String write() {
        return CODEC.write(mail);
    }

    /** Reads a record. */
    @Benchmark
    public @Nullable Object readRecord() {
        return CODEC.read(json, Mail.class);
    }

    /** Reads a map. */
    @Benchmark
    public @Nullable Object readMap() {
        return CODEC.read(json, Map.class);
    }
}
