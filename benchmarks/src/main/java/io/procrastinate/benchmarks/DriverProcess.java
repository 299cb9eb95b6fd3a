package io.procrastinate.benchmarks;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A driver in a separate process, which takes commands as lines of JSON. */
final class DriverProcess implements SystemProcess {

    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Duration PATIENCE = Duration.ofMinutes(12);
    private static final Duration FAREWELL = Duration.ofSeconds(10);

    private final String name;
    private final Process process;
    private final BufferedWriter commands;
    private final BufferedReader answers;

    private DriverProcess(String name, Process process) {
        this.name = name;
        this.process = process;
        this.commands = process.outputWriter();
        this.answers = process.inputReader();
    }

    /** @param log where its errors go */
    static DriverProcess start(String name, List<String> command, Path directory, Path log) {
        try {
            Process process = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start();
            return new DriverProcess(name, process);
        } catch (IOException e) {
            throw new UncheckedIOException("The driver of " + name + " does not start", e);
        }
    }

    @Override
    public JsonNode ask(String command, Map<String, Object> parameters) {
        Map<String, Object> line = new LinkedHashMap<>(parameters);
        line.put("do", command);
        try {
            commands.write(JSON.writeValueAsString(line));
            commands.newLine();
            commands.flush();
            String answer = CompletableFuture.supplyAsync(this::line).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            if (answer == null) {
                throw new SystemProcessException(name + " ended at " + command + ": see its log");
            }
            JsonNode node = JSON.readTree(answer);
            if (node.has("error")) {
                throw new SystemProcessException(name + " failed at " + command + ": "
                        + node.get("error").asString());
            }
            return node;
        } catch (IOException e) {
            throw new SystemProcessException(
                    name + " is gone at " + command + ": see its log (" + e.getMessage() + ")");
        } catch (TimeoutException e) {
            process.destroyForcibly();
            throw new SystemProcessException(name + " did not answer to " + command + " within " + PATIENCE);
        } catch (ExecutionException e) {
            throw new IllegalStateException(name + " cannot be read", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SystemProcessException("Interrupted while " + name + " was at " + command);
        }
    }

    private @Nullable String line() {
        try {
            return answers.readLine();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Optional<Duration> cpu() {
        return process.toHandle().info().totalCpuDuration();
    }

    /** Ends its commands, and with them the process. */
    @Override
    public void close() {
        try {
            commands.close();
            if (!process.waitFor(FAREWELL.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (IOException e) {
            process.destroyForcibly(); // it has already ended, or does not react
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
