package io.procrastinate.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.procrastinate.connector.ConnectorSettings;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** An embedded server runs as long as its JVM, and no longer. */
class PostgresServerTest {

    private static final Duration BOUND = Duration.ofSeconds(60);
    private static final String ABSENT = "procrastinate.testing.absent";

    @Test
    void servesTheShutdownHooksOfTheJvm() throws Exception {
        Process process = start("exit");
        try (BufferedReader output = process.inputReader()) {
            Served served = Served.of(said(output));

            assertThat(said(output)).isEqualTo("served until the end");
            served.awaitNothingLeft();
        }
    }

    @Test
    void leavesNothingBehindWhenTheJvmIsKilled() throws Exception {
        Process one = start("wait");
        Process other = start("wait");
        try (BufferedReader ofOne = one.inputReader();
                BufferedReader ofOther = other.inputReader()) {
            Served first = Served.of(said(ofOne));
            Served second = Served.of(said(ofOther));

            one.destroyForcibly();
            first.awaitNothingLeft();
            assertThat(second.isServed()).as("the server of the other JVM").isTrue();

            other.destroyForcibly();
            second.awaitNothingLeft();
        } finally {
            one.destroyForcibly();
            other.destroyForcibly();
        }
    }

    @Test
    void stopsAndStartsAndEndsForGood() throws Exception {
        PostgresServer server = PostgresServer.create(ABSENT, ABSENT);
        assertThat(server.isEmbedded()).isTrue();
        Served before = Served.by(server);
        run(server, "CREATE TABLE kept AS SELECT 7 AS seven");

        assertThat(server.stop()).isTrue();
        before.awaitStopped();
        assertThat(server.stop()).as("stopping once more").isFalse();
        server.start();
        server.start();

        assertThat(run(server, "SELECT seven FROM kept")).isEqualTo("7");
        Served after = Served.by(server);
        assertThat(after.data()).isEqualTo(before.data());
        server.close();
        server.close();
        after.awaitNothingLeft();
    }

    private static Process start(String what) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Application.class.getName(),
                        what)
                .redirectError(Redirect.INHERIT)
                .start();
    }

    /** The next line that the application prints; the test fails if the output ends first. */
    private static String said(BufferedReader output) throws IOException {
        String line = output.readLine();
        while (line != null && !line.startsWith(Application.SAYS)) {
            line = output.readLine();
        }
        assertThat(line).as("what the application says").isNotNull();
        return line.substring(Application.SAYS.length());
    }

    private static String run(PostgresServer server, String sql) {
        ConnectorSettings settings = server.administration();
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setServerNames(new String[] {settings.host()});
        source.setPortNumbers(new int[] {settings.port()});
        source.setDatabaseName(settings.database());
        source.setUser(settings.user());
        try (Connection connection = source.getConnection();
                Statement statement = connection.createStatement()) {
            if (!statement.execute(sql)) {
                return "";
            }
            try (ResultSet rows = statement.getResultSet()) {
                rows.next();
                return rows.getString(1);
            }
        } catch (SQLException e) {
            throw new IllegalStateException("The server does not serve: " + e, e);
        }
    }

    /** A running server: its process and its data. */
    private record Served(long pid, Path data) {

        static Served by(PostgresServer server) {
            return of(run(
                    server,
                    "SELECT split_part(pg_read_file('postmaster.pid'), E'\n', 1) || ' '"
                            + " || current_setting('data_directory')"));
        }

        static Served of(String line) {
            String[] parts = line.split(" ", 2);
            return new Served(Long.parseLong(parts[0]), Path.of(parts[1]));
        }

        /** An ended process that was not reaped is as good as gone: it has removed its file. */
        boolean isServed() {
            Optional<ProcessHandle> process = ProcessHandle.of(pid);
            return process.isPresent() && process.get().isAlive() && Files.exists(data.resolve("postmaster.pid"));
        }

        void awaitStopped() {
            await().atMost(BOUND).until(() -> !isServed());
        }

        void awaitNothingLeft() {
            awaitStopped();
            await().atMost(BOUND).until(() -> !Files.exists(data));
        }

        @Override
        public String toString() {
            return pid + " " + data;
        }
    }

    /** A program that uses its server while it ends, as applications do that close their resources. */
    static final class Application {

        /** The prefix of its own lines among the log lines. */
        static final String SAYS = "The application: ";

        private Application() {}

        public static void main(String[] args) {
            PostgresServer server = PostgresServer.create(ABSENT, ABSENT);
            System.out.println(SAYS + Served.by(server));
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                for (int time = 0; time < 200; time++) {
                    run(server, "SELECT 1");
                }
                System.out.println(SAYS + "served until the end");
            }));
            if (args[0].equals("exit")) {
                System.exit(0);
            }
            try {
                System.in.read();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
