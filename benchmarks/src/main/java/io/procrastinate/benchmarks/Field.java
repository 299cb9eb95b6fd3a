package io.procrastinate.benchmarks;

import io.procrastinate.benchmarks.Participant.ParticipantException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Everything that a measurement needs: the server, the systems that can take part, and where results go. */
final class Field {

    private final Options options;
    private final Server server;
    private final Toolchain toolchain;
    private final Results results;
    private final PrintStream progress;
    private final Set<String> installed = new HashSet<>();

    Field(Options options, Server server, Toolchain toolchain, Results results, PrintStream progress) {
        this.options = options;
        this.server = server;
        this.toolchain = toolchain;
        this.results = results;
        this.progress = progress;
    }

    Options options() {
        return options;
    }

    Server server() {
        return server;
    }

    Results results() {
        return results;
    }

    void say(String format, Object... values) {
        progress.printf(format + "%n", values);
    }

    /** One system's turn. */
    interface Turn {
        void take(Entrant entrant, int round);
    }

    /**
     * Gives every system a turn in every round, each round beginning with another one; round 0 warms up and does not
     * count. Each system keeps its process over the rounds. A system that fails leaves the measurement, which is
     * reported.
     */
    void rounds(String measure, Turn turn) {
        List<Entrant> entrants = enter(measure);
        try {
            for (int round = 0; round <= options.rounds(); round++) {
                for (Entrant entrant : List.copyOf(entrants)) {
                    if (!attempt(measure, entrant, round, turn)) {
                        entrants.remove(entrant);
                        entrant.close();
                    }
                }
                Collections.rotate(entrants, 1);
            }
        } finally {
            entrants.forEach(Entrant::close);
        }
    }

    private boolean attempt(String measure, Entrant entrant, int round, Turn turn) {
        try {
            turn.take(entrant, round);
            return true;
        } catch (ParticipantException e) {
            fails(measure, entrant.contestant(), e);
            return false;
        }
    }

    private void fails(String measure, Contestant contestant, RuntimeException failure) {
        say("  %s is out: %s", contestant.name(), String.valueOf(failure.getMessage()));
        results.unavailable(contestant.name() + " in " + measure, String.valueOf(failure.getMessage()));
    }

    /** Starts the systems that take part in a measurement, each with its database. */
    List<Entrant> enter(String measure) {
        List<Entrant> entrants = new ArrayList<>();
        for (Contestant contestant : Contestant.all()) {
            if (!options.systems().contains(contestant.name())
                    || !contestant.measures().contains(measure)) {
                continue;
            }
            Optional<String> problem = toolchain.problem(contestant.platform());
            if (problem.isPresent()) {
                results.unavailable(contestant.name(), problem.get());
                continue;
            }
            try {
                entrants.add(enter(contestant));
            } catch (ParticipantException e) {
                fails(measure, contestant, e);
            }
        }
        return entrants;
    }

    private Entrant enter(Contestant contestant) {
        boolean fresh = installed.add(contestant.name());
        if (fresh) {
            server.run("postgres", "CREATE DATABASE " + contestant.database());
        }
        Entrant entrant = new Entrant(contestant, server, start(contestant));
        if (fresh) {
            entrant.ask("install", Map.of());
        }
        return entrant;
    }

    /** Starts another process of a system. */
    Participant start(Contestant contestant) {
        return toolchain.start(contestant, server.url(contestant.database()));
    }
}
