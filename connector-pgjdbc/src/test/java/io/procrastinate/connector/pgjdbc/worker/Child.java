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
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A worker in a process of its own, which a test can kill, pause and stop. */
final class Child implements AutoCloseable {

    static final Duration HEARTBEAT = Duration.ofSeconds(1);
    static final Duration STALLED = Duration.ofSeconds(3);
    static final int EXIT_CODE = 3;

    private final Process process;

    private Child(Process process) {
        this.process = process;
    }

    /** Starts a process. It may be given a graceful time-out, and queues, for each of which it has a worker. */
    static Child start(ConnectorSettings settings, Path log, @Nullable Duration gracefulTimeout, String... queues)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-cp",
                System.getProperty("java.class.path"),
                Child.class.getName(),
                "postgresql://" + settings.user() + "@" + settings.target() + "?sslmode=" + settings.sslMode(),
                gracefulTimeout == null ? "" : gracefulTimeout.toString()));
        command.addAll(List.of(queues));
        return new Child(new ProcessBuilder(command)
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
        app.task("stop").body((context, args) -> {
            context.stopWorker();
            return null;
        });
        app.task("deaf").body((context, args) -> {
            sql(settings, insert, context.job().id(), who);
            while (who.equals("child")) {
                Thread.onSpinWait();
            }
            return null;
        });
        endings(app, who);
    }

    /** Tasks that end the process, in a child. */
    @SuppressWarnings("FutureReturnValueIgnored") // what tasks return is the worker's to look after
    private static void endings(App app, String who) {
        app.task("exit").run(args -> exit(who));
        app.task("exit-in-thread").run(args -> {
            Thread thread = new Thread(() -> exit(who));
            thread.start();
            thread.join();
        });
        app.task("exit-in-stage").call(args -> CompletableFuture.runAsync(() -> exit(who)));
        app.task("exit-in-strategy")
                .retry((failure, job) -> {
                    exit(who);
                    return null;
                })
                .run(args -> {
                    throw new IllegalStateException("fails");
                });
        app.task("exit-in-middleware").run(args -> {});
        app.task("exit-when-told").run(args -> {});
        app.task("halt").run(args -> {
            if (who.equals("child")) {
                Runtime.getRuntime().halt(EXIT_CODE);
            }
        });
    }

    private static void exit(String who) {
        if (who.equals("child")) {
            System.exit(EXIT_CODE);
        }
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

    /** The process: the database's URL, the graceful time-out or nothing, and the queues. */
    public static void main(String[] args) throws InterruptedException {
        ConnectorSettings settings = ConnectorSettings.of(args[0]);
        WorkerOptions.Builder options = WorkerOptions.builder()
                .concurrency(100)
                .name("child")
                .heartbeatInterval(HEARTBEAT)
                .stalledWorkerTimeout(STALLED)
                .shutdownGracefulTimeout(args[1].isEmpty() ? null : Duration.parse(args[1]))
                .middleware((context, next) -> {
                    if (context.job().taskName().equals("exit-in-middleware")) {
                        System.exit(EXIT_CODE);
                    }
                    return next.run();
                })
                .onJobEnded(result -> {
                    if (result.job().taskName().equals("exit-when-told")) {
                        System.exit(EXIT_CODE);
                    }
                });
        try (App app = App.builder()
                .connector(PgjdbcConnector.create(settings).threaded())
                .build()) {
            tasks(app, settings, "child");
            List<Thread> workers = new ArrayList<>();
            for (int index = 2; index < args.length; index++) {
                WorkerOptions ofQueue = options.queues(args[index]).build();
                Thread worker = new Thread(() -> app.runWorker(ofQueue));
                worker.start();
                workers.add(worker);
            }
            if (workers.isEmpty()) {
                app.runWorker(options.build());
            }
            for (Thread worker : workers) {
                worker.join();
            }
        }
    }
}
