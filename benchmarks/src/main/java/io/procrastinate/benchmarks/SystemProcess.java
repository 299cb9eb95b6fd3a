package io.procrastinate.benchmarks;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** A process that puts jobs into a queue, or runs them. */
interface SystemProcess extends AutoCloseable {

    /**
     * Sends a command and waits for the answer.
     *
     * @throws SystemProcessException if it could not be done
     */
    JsonNode ask(String command, Map<String, Object> parameters);

    /** The processor time that the process has used, if the system reports it. */
    Optional<Duration> cpu();

    @Override
    void close();

    /** A process could not execute a command. */
    final class SystemProcessException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        SystemProcessException(String message) {
            super(message);
        }
    }
}
