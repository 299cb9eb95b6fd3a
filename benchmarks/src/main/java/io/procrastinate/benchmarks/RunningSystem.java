package io.procrastinate.benchmarks;

import io.procrastinate.benchmarks.SystemProcess.SystemProcessException;
import java.time.Duration;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** A system that takes part in a measurement, with its process and its database. */
record RunningSystem(MeasuredSystem system, Server server, SystemProcess process) implements AutoCloseable {

    private static final Duration SETTLING = Duration.ofSeconds(20);
    private static final Duration LOOK = Duration.ofMillis(100);

    String name() {
        return system.name();
    }

    JsonNode ask(String command, Map<String, Object> parameters) {
        return process.ask(command, parameters);
    }

    /** Removes all jobs, so that each turn starts clean. */
    void clear() {
        server.run(system.database(), system.clear());
    }

    /** Lets the server finish everything but what is measured. */
    void settle() {
        server.run(system.database(), "VACUUM (ANALYZE)", "CHECKPOINT");
    }

    /** Fails if jobs remain that the system reported as ended, for longer than it may take to store that. */
    void requireNothingLeft() {
        long end = System.nanoTime() + SETTLING.toNanos();
        String left = left();
        while (!left.equals("0")) {
            if (System.nanoTime() > end) {
                throw new SystemProcessException(name() + " has left " + left + " jobs");
            }
            Pauses.sleep(LOOK);
            left = left();
        }
    }

    private String left() {
        return server.text(system.database(), system.left());
    }

    @Override
    public void close() {
        process.close();
    }
}
