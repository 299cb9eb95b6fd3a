package io.procrastinate.benchmarks;

import io.procrastinate.benchmarks.Figure.Better;
import java.time.Duration;
import java.util.Optional;

/** The processor time of a turn, which other work on the machine affects less than its duration. */
final class CpuMeter {

    private final Field field;
    private final RunningSystem running;
    private final Optional<Duration> serverBefore;
    private final Optional<Duration> clientBefore;

    private CpuMeter(Field field, RunningSystem running) {
        this.field = field;
        this.running = running;
        this.serverBefore = field.server().cpu();
        this.clientBefore = running.process().cpu();
    }

    static CpuMeter start(Field field, RunningSystem running) {
        return new CpuMeter(field, running);
    }

    /** Measures what each job has cost since the start; the returned action adds that to the results. */
    Runnable stop(String measure, String variant, int round, int jobs) {
        Optional<Duration> client = running.process().cpu();
        Optional<Duration> server = field.server().cpu();
        return () -> {
            if (serverBefore.isPresent() && server.isPresent()) {
                Duration used = server.get().minus(serverBefore.get());
                add(new Figure(measure, variant, "server CPU µs/job", Better.LESS), round, used, jobs);
            }
            if (clientBefore.isPresent() && client.isPresent()) {
                Duration used = client.get().minus(clientBefore.get());
                add(new Figure(measure, variant, "client CPU µs/job", Better.LESS), round, used, jobs);
            }
        };
    }

    private void add(Figure figure, int round, Duration used, int jobs) {
        field.results().add(figure, running.name(), round, used.toNanos() / 1e3 / jobs);
    }
}
