package io.procrastinate.connector;

import io.procrastinate.exception.SettingsException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What PostgreSQL's own clients read from around them: environment variables, the service file and the password file (see
 * PostgreSQL's documentation of libpq).
 */
record LibpqEnvironment(Map<String, String> variables, Path home) {

    private static final Map<String, String> VARIABLES = Map.of(
            "PGHOST", "host",
            "PGPORT", "port",
            "PGDATABASE", "dbname",
            "PGUSER", "user",
            "PGPASSWORD", "password",
            "PGSSLMODE", "sslmode",
            "PGAPPNAME", "application_name",
            "PGCONNECT_TIMEOUT", "connect_timeout");

    /** One that says nothing: a directory is no password file. */
    static final LibpqEnvironment NONE = new LibpqEnvironment(Map.of("PGPASSFILE", "."), Path.of("."));

    static LibpqEnvironment ofProcess() {
        return new LibpqEnvironment(System.getenv(), Path.of(System.getProperty("user.home", ".")));
    }

    static int number(String what, String text) {
        try {
            return Integer.parseInt(text.trim());
        } catch (NumberFormatException e) {
            throw new SettingsException("The " + what + " is '" + text + "', it must be a whole number", e);
        }
    }

    /** The settings found, by libpq's keywords; a service's settings count before the variables, as with libpq. */
    Map<String, String> settings() {
        Map<String, String> found = new HashMap<>();
        VARIABLES.forEach((variable, keyword) -> {
            String value = variables.get(variable);
            if (value != null && !value.isEmpty()) {
                found.put(keyword, value);
            }
        });
        String service = variables.get("PGSERVICE");
        if (service != null && !service.isEmpty()) {
            found.putAll(service(service));
        }
        return found;
    }

    /** The password of the first line of the password file that matches, or null where there is none. */
    @Nullable
    String passwordOf(String host, int port, String database, String user) {
        Path file = file("PGPASSFILE", ".pgpass");
        if (!Files.isRegularFile(file)) {
            return null;
        }
        String[] wanted = {host, Integer.toString(port), database, user};
        for (String line : lines(file)) {
            List<String> fields = passwordFields(line);
            if (!line.startsWith("#") && fields.size() == 5 && matches(fields, wanted)) {
                return fields.get(4);
            }
        }
        return null;
    }

    private Map<String, String> service(String service) {
        Path file = file("PGSERVICEFILE", ".pg_service.conf");
        Map<String, String> settings = new HashMap<>();
        boolean inside = false;
        boolean seen = false;
        for (String line : Files.isRegularFile(file) ? lines(file) : List.<String>of()) {
            String text = line.strip();
            int equals = text.indexOf('=');
            if (text.startsWith("[")) {
                inside = text.equals("[" + service + "]");
                seen |= inside;
            } else if (inside && !text.startsWith("#") && equals > 0) {
                settings.put(
                        text.substring(0, equals).strip(),
                        text.substring(equals + 1).strip());
            }
        }
        if (!seen) {
            throw new SettingsException(
                    "PGSERVICE names the service '" + service + "', which " + file + " does not have", null);
        }
        return settings;
    }

    private Path file(String variable, String inHome) {
        String named = variables.get(variable);
        return named == null || named.isEmpty() ? home.resolve(inHome) : Path.of(named);
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new SettingsException("The file " + file + " cannot be read", e);
        }
    }

    private static boolean matches(List<String> fields, String[] wanted) {
        for (int index = 0; index < wanted.length; index++) {
            if (!fields.get(index).equals("*") && !fields.get(index).equals(wanted[index])) {
                return false;
            }
        }
        return true;
    }

    /** Splits at colons; a backslash keeps the next character as it is. */
    private static List<String> passwordFields(String line) {
        List<String> fields = new ArrayList<>();
        StringBuilder field = new StringBuilder();
        for (int index = 0; index < line.length(); index++) {
            char character = line.charAt(index);
            if (character == '\\' && index + 1 < line.length()) {
                field.append(line.charAt(++index));
            } else if (character == ':' && fields.size() < 4) {
                fields.add(field.toString());
                field.setLength(0);
            } else {
                field.append(character);
            }
        }
        fields.add(field.toString());
        return fields;
    }
}
