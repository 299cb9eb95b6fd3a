package io.procrastinate.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.procrastinate.App;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.fixture.AppDatabase;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes that migrate one database concurrently, like containers that start together. */
class SchemaMigrationProcessesTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    private Path directory;

    private final List<Process> processes = new ArrayList<>();
    private AppDatabase database;

    @BeforeEach
    void open() throws SQLException {
        database = new AppDatabase();
    }

    @AfterEach
    void close() throws SQLException {
        processes.forEach(Process::destroyForcibly);
        database.close();
    }

    @Test
    void bothEndWellAndTheSchemaIsWhatItIsAnew() throws Exception {
        database.run(SchemaMigrationTest.contract());
        List<String> fresh = database.rows(SchemaOptimizationTest.CATALOGUE);
        SchemaMigrationTest.lower(database, SchemaLevel.V3_0);
        database.run("INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES ('q', 't', '{\"a\": 1}')");
        database.run("SELECT pg_advisory_lock(hashtext('procrastinate schema'), hashtext('public'))");
        migrate("one");
        migrate("other");
        await().atMost(LIMIT)
                .until(() -> database.number(
                                "SELECT count(*) FROM pg_stat_activity WHERE application_name = ?"
                                        + " AND wait_event_type = 'Lock' AND wait_event = 'advisory'",
                                database.name())
                        == 2);

        database.run("SELECT pg_advisory_unlock_all()");

        for (Process process : processes) {
            assertThat(process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isZero();
        }
        // Both checked before they waited: the second repeats what the first has done, without effect.
        String all = Migration.all().stream().map(Migration::name).toList().toString();
        assertThat(done("one")).isEqualTo(all);
        assertThat(done("other")).isEqualTo(all);
        assertThat(database.rows(SchemaOptimizationTest.CATALOGUE)).isEqualTo(fresh);
        assertThat(database.rows("SELECT status, args FROM procrastinate_jobs")).containsExactly("todo|{\"a\": 1}");
        migrate("late");
        assertThat(processes.get(2).waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS))
                .isTrue();
        assertThat(done("late")).isEqualTo("[]");
    }

    private void migrate(String name) throws IOException {
        ConnectorSettings settings = database.settings();
        processes.add(new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        SchemaMigrationProcessesTest.class.getName(),
                        "postgresql://" + settings.user() + "@" + settings.target() + "?sslmode=" + settings.sslMode(),
                        settings.applicationName(),
                        directory.resolve(name).toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve(name + ".log").toFile())
                .start());
    }

    private String done(String name) throws IOException {
        return Files.readString(directory.resolve(name));
    }

    /** The process: a URL, the name of its connections, and the file for the names of the migrations that it ran. */
    public static void main(String[] args) throws IOException {
        ConnectorSettings settings = ConnectorSettings.of(args[0]).toBuilder()
                .applicationName(args[1])
                .build();
        try (App app = App.create(settings).open()) {
            List<String> done =
                    app.schemaManager().migrate().stream().map(Migration::name).toList();
            Files.writeString(Path.of(args[2]), done.toString(), StandardCharsets.UTF_8);
        }
    }
}
