package io.procrastinate.benchmarks;

import io.procrastinate.benchmarks.SystemProcess.SystemProcessException;
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
        void take(RunningSystem running, int round);
    }

    /**
     * Gives every system a turn in every round, each round beginning with another one; round 0 warms up and does not
     * count. Each system keeps its process over the rounds. A system that fails leaves the measurement, which is
     * reported.
     */
    void rounds(String measure, Turn turn) {
        List<RunningSystem> runningSystems = enter(measure);
        try {
            for (int round = 0; round <= options.rounds(); round++) {
                for (RunningSystem running : List.copyOf(runningSystems)) {
                    if (!attempt(measure, running, round, turn)) {
                        runningSystems.remove(running);
                        running.close();
                    }
                }
                Collections.rotate(runningSystems, 1);
            }
        } finally {
            runningSystems.forEach(RunningSystem::close);
        }
    }

    private boolean attempt(String measure, RunningSystem running, int round, Turn turn) {
        try {
            turn.take(running, round);
            return true;
        } catch (SystemProcessException e) {
            fails(measure, running.system(), e);
            return false;
        }
    }

    private void fails(String measure, MeasuredSystem system, RuntimeException failure) {
        say("  %s is out: %s", system.name(), String.valueOf(failure.getMessage()));
        results.unavailable(system.name() + " in " + measure, String.valueOf(failure.getMessage()));
    }

    /** Starts the systems that take part in a measurement, each with its database. */
    List<RunningSystem> enter(String measure) {
        List<RunningSystem> runningSystems = new ArrayList<>();
        for (MeasuredSystem system : MeasuredSystem.all()) {
            if (!options.systems().contains(system.name()) || !system.measures().contains(measure)) {
                continue;
            }
            Optional<String> problem = toolchain.problem(system.platform());
            if (problem.isPresent()) {
                results.unavailable(system.name(), problem.get());
                continue;
            }
            try {
                runningSystems.add(enter(system));
            } catch (SystemProcessException e) {
                fails(measure, system, e);
            }
        }
        return runningSystems;
    }

    private RunningSystem enter(MeasuredSystem system) {
        boolean fresh = installed.add(system.name());
        if (fresh) {
            server.run("postgres", "CREATE DATABASE " + system.database());
        }
        RunningSystem running = new RunningSystem(system, server, start(system));
        if (fresh) {
            running.ask("install", Map.of());
        }
        return running;
    }

    /** Starts another process of a system. */
    SystemProcess start(MeasuredSystem system) {
        return toolchain.start(system, server.url(system.database()));
    }
}
