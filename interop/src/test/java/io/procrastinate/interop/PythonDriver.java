package io.procrastinate.interop;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.json.JsonCodec;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A Python process that calls Procrastinate: {@code peer.py}. Thread-safe: one call at a time. */
final class PythonDriver {

    private static final JsonCodec CODEC = JsonCodec.standard();

    private final BufferedWriter input;
    private final BufferedReader output;

    private PythonDriver(Process process) {
        this.input = new BufferedWriter(new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
        this.output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        // It ends at the end of its input, at the latest with this JVM.
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroy, "python-driver-shutdown"));
    }

    static PythonDriver start(List<String> command) {
        try {
            ProcessBuilder builder = new ProcessBuilder(command)
                    .redirectError(Redirect.appendTo(Files.createDirectories(ChildProcess.LOGS)
                            .resolve("driver.log")
                            .toFile()));
            builder.environment().put("PYTHONIOENCODING", "utf-8");
            builder.environment().put("PYTHONDONTWRITEBYTECODE", "1");
            return new PythonDriver(builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot start " + command, e);
        }
    }

    /** Makes a call on a database; returns its result as JSON. */
    synchronized String call(ConnectorSettings database, String name, Map<String, ?> arguments) {
        String conninfo = "host=" + database.host() + " port=" + database.port() + " user=" + database.user()
                + " dbname=" + database.database();
        try {
            input.write(CODEC.write(Map.of("conninfo", conninfo, "call", name, "arguments", arguments)) + "\n");
            input.flush();
            Map<?, ?> reply = reply();
            if (reply.containsKey("error")) {
                throw new PythonException(text(reply.get("error")), text(reply.get("message")));
            }
            return CODEC.write(reply.get("result"));
        } catch (IOException e) {
            throw new UncheckedIOException("Python does not answer to " + name, e);
        }
    }

    private Map<?, ?> reply() throws IOException {
        String line = output.readLine();
        if (line == null) {
            throw new IOException("The Python process has ended");
        }
        return (Map<?, ?>) read(line, Map.class);
    }

    /** Reads JSON that is not null. */
    static Object read(String json, Class<?> type) {
        Object value = CODEC.read(json, type);
        if (value == null) {
            throw new IllegalStateException("Found null where " + type + " was expected");
        }
        return value;
    }

    private static String text(@Nullable Object value) {
        return String.valueOf(value);
    }

    /** An exception raised in Python. */
    static final class PythonException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        private final String type;

        PythonException(String type, String message) {
            super(type + ": " + message);
            this.type = type;
        }

        /** The name of its class. */
        String type() {
            return type;
        }
    }
}
