package io.procrastinate.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The data of an embedded server, in a temporary directory, and a process that guards it: when it is closed or the JVM
 * has ended, even killed, the process stops the server of the data, if one runs, and removes the directory.
 *
 * <p>A shutdown hook would run concurrently with those of the server's users and stop it too early.
 */
final class DataDirectory implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(DataDirectory.class);

    /**
     * Waits for the end of its input, whose other end the JVM holds; signals that a terminal sends to all of its
     * processes do not end the wait. Then stops the server without a checkpoint, and waits at most half a minute: where
     * ended processes are not reaped, they seem to go on running.
     */
    private static final String WATCH = """
            trap '' HUP INT TERM
            cat > /dev/null
            pid=$(sed -n 1p "$0/postmaster.pid" 2> /dev/null)
            test -n "$pid" && kill -QUIT "$pid" 2> /dev/null
            tries=600
            while test -e "$0/postmaster.pid" && kill -0 "$pid" 2> /dev/null && test $tries -gt 0; do
                sleep 0.05
                tries=$((tries - 1))
            done
            rm -rf "$0"
            """;

    private static final String PREFIX = "procrastinate-testing";
    private static final long LEAST_ROOM = 2L << 30;

    private final Path path;
    private final @Nullable Process watch;

    private DataDirectory(Path path, @Nullable Process watch) {
        this.path = path;
        this.watch = watch;
    }

    /** In the directory that {@link PostgresServer#DIRECTORY} asks for. */
    static DataDirectory create() {
        return create(System.getProperty(PostgresServer.DIRECTORY));
    }

    static DataDirectory create(@Nullable String parent) {
        try {
            Path path = make(parent);
            return new DataDirectory(path, watch(path));
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot create a directory for an embedded PostgreSQL", e);
        }
    }

    /** In the parent, unless it is not there or nearly full: a disk kept in memory is small on some machines. */
    private static Path make(@Nullable String parent) throws IOException {
        if (parent != null) {
            Path there = Path.of(parent);
            if (Files.isWritable(there) && Files.getFileStore(there).getUsableSpace() >= LEAST_ROOM) {
                return Files.createTempDirectory(there, PREFIX);
            }
        }
        return Files.createTempDirectory(PREFIX);
    }

    private static @Nullable Process watch(Path path) {
        try {
            return new ProcessBuilder("sh", "-c", WATCH, path.toString())
                    .redirectOutput(Redirect.DISCARD)
                    .redirectError(Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            LOGGER.debug("There is no program 'sh', as on Windows: the JVM itself has to stop its PostgreSQL", e);
            return null;
        }
    }

    Path path() {
        return path;
    }

    /** Whether the server ends with the JVM. */
    boolean isWatched() {
        return watch != null;
    }

    /** Stops the server and removes the data. */
    @Override
    public void close() {
        try {
            if (watch == null) {
                remove();
            } else {
                watch.getOutputStream().close();
                watch.waitFor();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("The directory " + path + " of the embedded PostgreSQL is left behind", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the process removes it all the same
        }
    }

    private void remove() throws IOException {
        try (Stream<Path> tree = Files.walk(path)) {
            List<Path> deepestFirst = tree.sorted(Comparator.reverseOrder()).toList();
            for (Path each : deepestFirst) {
                Files.deleteIfExists(each);
            }
        }
    }
}
