package io.procrastinate.interop;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A process of the operating system, whose output goes into a file. */
final class ChildProcess implements Side.RunningWorker {

    /** Where the output of processes goes. */
    static final Path LOGS = Path.of("target", "processes").toAbsolutePath();

    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final Duration STOPPING = Duration.ofSeconds(30);

    private final List<String> command;
    private final Process process;
    private final Path log;

    private ChildProcess(List<String> command, Process process, Path log) {
        this.command = command;
        this.process = process;
        this.log = log;
    }

    static ChildProcess start(List<String> command, Map<String, String> environment) {
        try {
            Files.createDirectories(LOGS);
            Path log = LOGS.resolve(NUMBER.incrementAndGet() + ".log");
            ProcessBuilder builder = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectInput(new File("/dev/null"))
                    .redirectOutput(log.toFile());
            builder.environment().putAll(environment);
            return new ChildProcess(command, builder.start(), log);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot start " + command, e);
        }
    }

    /** Starts a main class of the tests in a separate JVM. */
    static ChildProcess java(Class<?> main, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(List.of(arguments));
        return start(command, Map.of());
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Ends the process immediately, as {@code kill -9} does. */
    void kill() {
        process.destroyForcibly();
        awaitExit(STOPPING);
    }

    /** Waits until the process has ended on its own; returns its exit code. */
    int awaitExit(Duration limit) {
        try {
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                throw new IllegalStateException("Still running after " + limit + ": " + this);
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while waiting for " + this, e);
        }
    }

    String output() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Asks the process to end, as {@code kill} does, and waits for that. */
    @Override
    public void close() {
        process.destroy();
        awaitExit(STOPPING);
    }

    @Override
    public String toString() {
        return String.join(" ", command) + "\n" + output();
    }
}
