package io.procrastinate.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.connector.ConnectorSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A release of Procrastinate for Python, in a virtual environment that is made when it is first used. */
@SuppressWarnings("ImmutableEnumChecker") // one process for each release, made when it is needed
enum PythonRelease {
    V3_9_0("procrastinate==3.9.0"),
    NEWEST("procrastinate", "django", "fastapi", "httpx", "opentelemetry-api", "opentelemetry-sdk");

    /** Where the sources of the Python side are. */
    static final Path SOURCES = Path.of("src", "test", "python").toAbsolutePath();

    private static final Duration INSTALLING = Duration.ofMinutes(5);
    private static final Path TARGET = Path.of("target").toAbsolutePath();

    private final List<String> packages;
    private @Nullable PythonDriver driver;

    PythonRelease(String... packages) {
        this.packages =
                Stream.concat(Stream.of("psycopg[binary]"), Stream.of(packages)).toList();
    }

    /** A command that runs Python with arguments, on a database. */
    ChildProcess python(ConnectorSettings database, String... arguments) {
        List<String> command = new ArrayList<>(List.of(interpreter().toString()));
        command.addAll(List.of(arguments));
        return ChildProcess.start(command, environment(database));
    }

    /** Procrastinate's own command line. */
    ChildProcess procrastinate(ConnectorSettings database, String app, String... arguments) {
        return python(
                database,
                Stream.concat(Stream.of("-m", "procrastinate", "--app=" + app), Stream.of(arguments))
                        .toArray(String[]::new));
    }

    /** The process that defers and manages jobs, like an application: one for all tests. */
    synchronized PythonDriver driver() {
        if (driver == null) {
            driver = PythonDriver.start(
                    List.of(interpreter().toString(), SOURCES.resolve("peer.py").toString()));
        }
        return driver;
    }

    /** The SQL that creates the schema of this release. */
    String schema() {
        return read(sql().resolve("schema.sql"));
    }

    /** The migrations of this release in their order. */
    List<Migration> migrations() {
        try (Stream<Path> files = Files.list(sql().resolve("migrations"))) {
            return files.filter(file -> file.toString().endsWith(".sql"))
                    .sorted()
                    .map(file -> new Migration(file.getFileName().toString(), read(file)))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path sql() {
        interpreter();
        try (Stream<Path> tree = Files.walk(environmentFolder().resolve("lib"), 4)) {
            return tree.filter(path -> path.endsWith(Path.of("procrastinate", "sql")))
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<String, String> environment(ConnectorSettings database) {
        return Map.of(
                "PGHOST", database.host(),
                "PGPORT", Integer.toString(database.port()),
                "PGUSER", database.user(),
                "PGDATABASE", database.database(),
                "PYTHONPATH", SOURCES.toString(),
                "PYTHONDONTWRITEBYTECODE", "1",
                "PYTHONIOENCODING", "utf-8",
                "PYTHONUNBUFFERED", "1");
    }

    private Path environmentFolder() {
        return TARGET.resolve("python").resolve(name());
    }

    private synchronized Path interpreter() {
        Path interpreter = environmentFolder().resolve("bin").resolve("python");
        Path ready = environmentFolder().resolve("ready");
        String wanted = String.join("\n", packages);
        if (!Files.exists(ready) || !read(ready).equals(wanted)) {
            run(List.of("python3", "-m", "venv", environmentFolder().toString()));
            List<String> install = new ArrayList<>(
                    List.of(interpreter.toString(), "-m", "pip", "install", "-q", "--disable-pip-version-check"));
            install.addAll(packages);
            run(install);
            try {
                Files.writeString(ready, wanted);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return interpreter;
    }

    private static void run(List<String> command) {
        try (ChildProcess process = ChildProcess.start(command, Map.of())) {
            assertThat(process.awaitExit(INSTALLING)).as(process::toString).isZero();
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A step from one level of the schema to the next. */
    record Migration(String name, String sql) {}
}
