package io.procrastinate.connector.pgjdbc.worker;

import io.procrastinate.App;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.pgjdbc.PgjdbcConnector;
import io.procrastinate.worker.WorkerOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A worker in a process of its own, which a test can kill, pause and stop. */
final class Child implements AutoCloseable {

    static final Duration HEARTBEAT = Duration.ofSeconds(1);
    static final Duration STALLED = Duration.ofSeconds(3);

    private final Process process;

    private Child(Process process) {
        this.process = process;
    }

    static Child start(ConnectorSettings settings, Path log) throws IOException {
        return new Child(new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Child.class.getName(),
                        Integer.toString(settings.port()),
                        settings.database()))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start());
    }

    /** Sends a signal to this very process. */
    void signal(String name) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start();
        kill.waitFor();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** The process's exit code. */
    int awaitExit() throws InterruptedException {
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            throw new AssertionError("The process has not ended");
        }
        return process.exitValue();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    /** Tasks whose effects the database shows: each run inserts a row. */
    static void tasks(App app, ConnectorSettings settings, String who) {
        String insert = "INSERT INTO runs (job, who) VALUES (?, ?)";
        app.task("retried").retry(3).body((context, args) -> {
            Site.sqlOn(settings, insert, context.job().id(), who);
            return work(who);
        });
        app.task("plain").body((context, args) -> {
            Site.sqlOn(settings, insert, context.job().id(), who);
            return work(who);
        });
        app.task("gated").retry(3).body((context, args) -> {
            Site.sqlOn(settings, insert, context.job().id(), who);
            while (Site.sqlOn(settings, "SELECT 1 FROM gate").isEmpty()) {
                Thread.sleep(50);
            }
            return who;
        });
    }

    /** In a child work takes so long that it is killed meanwhile. */
    private static String work(String who) throws InterruptedException {
        if (who.equals("child")) {
            Thread.sleep(600_000);
        }
        return who;
    }

    /** The process: a port and a database. */
    public static void main(String[] args) {
        ConnectorSettings settings = ConnectorSettings.builder()
                .host("localhost")
                .port(Integer.parseInt(args[0]))
                .user("postgres")
                .database(args[1])
                .sslMode("disable")
                .build();
        try (App app = App.builder()
                .connector(PgjdbcConnector.create(settings).threaded())
                .build()) {
            tasks(app, settings, "child");
            app.runWorker(WorkerOptions.builder()
                    .concurrency(100)
                    .name("child")
                    .heartbeatInterval(HEARTBEAT)
                    .stalledWorkerTimeout(STALLED)
                    .build());
        }
    }
}
