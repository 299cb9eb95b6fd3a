package io.procrastinate.benchmarks;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** A process that puts jobs into a queue, or works it. */
interface Participant extends AutoCloseable {

    /**
     * Has a command done and waits for the answer.
     *
     * @throws ParticipantException when it could not be done
     */
    JsonNode ask(String command, Map<String, Object> parameters);

    /** The processor time that the process has used, where the system tells. */
    Optional<Duration> cpu();

    @Override
    void close();

    /** What a participant could not do. */
    final class ParticipantException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        ParticipantException(String message) {
            super(message);
        }
    }
}
