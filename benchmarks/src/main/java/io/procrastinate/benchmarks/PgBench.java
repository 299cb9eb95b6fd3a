package io.procrastinate.benchmarks;

import io.procrastinate.App;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** PostgreSQL's own load generator, which inserts single jobs without any client library. */
final class PgBench implements SystemProcess {

    private static final Pattern RATE = Pattern.compile("(?m)^tps = ([0-9.]+)");
    private static final String INSERT = "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args)"
            + " VALUES ('default', 'noop', 0, '{\"sent\": 0}') RETURNING id;\n";

    private final String url;
    private final Path script;

    PgBench(String url, Path directory) {
        this.url = url;
        this.script = directory.resolve("pgbench.sql");
        try {
            Files.writeString(script, INSERT);
        } catch (IOException e) {
            throw new UncheckedIOException("The script of pgbench cannot be written", e);
        }
    }

    @Override
    public JsonNode ask(String command, Map<String, Object> parameters) {
        return switch (command) {
            case "install" -> {
                try (App app = App.builder().url(url).build().open()) {
                    app.schemaManager().apply();
                }
                yield JsonMapper.shared().createObjectNode();
            }
            case "defer" -> defer(number(parameters, "calls"), number(parameters, "threads"));
            default -> throw new SystemProcessException("pgbench cannot " + command);
        };
    }

    private static int number(Map<String, Object> parameters, String name) {
        return (Integer) Objects.requireNonNull(parameters.get(name), name);
    }

    private JsonNode defer(int calls, int clients) {
        String output = run(List.of(
                "pgbench",
                "-n",
                "-M",
                "prepared",
                "-f",
                script.toString(),
                "-c",
                Integer.toString(clients),
                "-j",
                Integer.toString(Math.min(clients, 2)),
                "-t",
                Integer.toString(Math.max(1, calls / clients)),
                url));
        Matcher rate = RATE.matcher(output);
        if (!rate.find()) {
            throw new SystemProcessException("pgbench failed: " + output);
        }
        return JsonMapper.shared().createObjectNode().put("seconds", calls / Double.parseDouble(rate.group(1)));
    }

    private static String run(List<String> command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            process.waitFor();
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException("pgbench does not start", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SystemProcessException("Interrupted while pgbench ran");
        }
    }

    @Override
    public Optional<Duration> cpu() {
        return Optional.empty();
    }

    @Override
    public void close() {}
}
