package io.procrastinate.connector.pgjdbc.worker;

import io.procrastinate.App;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.pgjdbc.PgjdbcConnector;
import io.procrastinate.worker.WorkerOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
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
                        "postgresql://" + settings.user() + "@" + settings.target() + "?sslmode=" + settings.sslMode()))
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
            sql(settings, insert, context.job().id(), who);
            return work(who);
        });
        app.task("plain").body((context, args) -> {
            sql(settings, insert, context.job().id(), who);
            return work(who);
        });
        app.task("gated").retry(3).body((context, args) -> {
            sql(settings, insert, context.job().id(), who);
            Site.until(Duration.ofMinutes(2), () -> sql(settings, "SELECT 1 FROM gate"), "the gate is open");
            return who;
        });
    }

    /** In a child work takes so long that it is killed meanwhile. */
    private static String work(String who) throws InterruptedException {
        if (who.equals("child")) {
            new CountDownLatch(1).await();
        }
        return who;
    }

    /** Whether the statement has a row. On a connection of its own: this may be another process. */
    private static boolean sql(ConnectorSettings settings, String sql, Object... parameters) throws SQLException {
        String url = "jdbc:postgresql://" + settings.target() + "?sslmode=" + settings.sslMode();
        try (Connection connection = DriverManager.getConnection(url, settings.user(), settings.password());
                PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int index = 0; index < parameters.length; index++) {
                statement.setObject(index + 1, parameters[index]);
            }
            return statement.execute() && statement.getResultSet().next();
        }
    }

    /** The process: the database's URL. */
    public static void main(String[] args) {
        ConnectorSettings settings = ConnectorSettings.of(args[0]);
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
