package io.procrastinate.benchmarks;

import io.procrastinate.benchmarks.Participant.ParticipantException;
import java.time.Duration;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** A system that takes part in a measurement, with its process and its database. */
record Entrant(Contestant contestant, Server server, Participant participant) implements AutoCloseable {

    private static final Duration SETTLING = Duration.ofSeconds(20);
    private static final Duration LOOK = Duration.ofMillis(100);

    String name() {
        return contestant.name();
    }

    JsonNode ask(String command, Map<String, Object> parameters) {
        return participant.ask(command, parameters);
    }

    /** Removes all jobs, so that each turn starts clean. */
    void clear() {
        server.run(contestant.database(), contestant.clear());
    }

    /** Lets the server finish everything but what is measured. */
    void settle() {
        server.run(contestant.database(), "VACUUM (ANALYZE)", "CHECKPOINT");
    }

    /** Fails if jobs remain that the system reported as ended, for longer than it may take to store that. */
    void requireNothingLeft() {
        long end = System.nanoTime() + SETTLING.toNanos();
        String left = left();
        while (!left.equals("0")) {
            if (System.nanoTime() > end) {
                throw new ParticipantException(name() + " has left " + left + " jobs");
            }
            Pauses.sleep(LOOK);
            left = left();
        }
    }

    private String left() {
        return server.text(contestant.database(), contestant.left());
    }

    @Override
    public void close() {
        participant.close();
    }
}
