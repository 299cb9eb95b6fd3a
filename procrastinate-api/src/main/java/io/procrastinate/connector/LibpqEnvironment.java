package io.procrastinate.connector;

import io.procrastinate.exception.SettingsException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What PostgreSQL's own clients read from their environment: variables, the service file and the password file (see
 * PostgreSQL's documentation of libpq).
 */
record LibpqEnvironment(Map<String, String> variables, Path home) {

    private static final String ROOT = "sslrootcert";
    private static final String SYSTEM = "system";

    /** Variables whose values are passed to the server. */
    private static final Map<String, String> OF_THE_SERVER =
            Map.of("PGDATESTYLE", "datestyle", "PGTZ", "timezone", "PGGEQO", "geqo");

    /** An environment without settings; a directory cannot be read as a password file. */
    static final LibpqEnvironment NONE = new LibpqEnvironment(Map.of("PGPASSFILE", "."), Path.of("."));

    static LibpqEnvironment ofProcess() {
        return new LibpqEnvironment(System.getenv(), Path.of(System.getProperty("user.home", ".")));
    }

    /** Applies the variables, then the service, which takes precedence, as with libpq. */
    void applyTo(ConnectorSettings.Builder builder, @Nullable String givenService) {
        ConnectionParameter.all().forEach(parameter -> apply(builder, parameter.variable(), parameter.name()));
        OF_THE_SERVER.forEach((variable, name) -> apply(builder, variable, name));
        String service = givenService != null ? givenService : builder.service;
        if (service != null) {
            service(service).forEach((name, value) -> NamedSettings.apply(builder, name, value));
        }
    }

    private void apply(ConnectorSettings.Builder builder, @Nullable String variable, String name) {
        String value = variable == null ? null : value(variable);
        if (value != null) {
            NamedSettings.apply(builder, name, value);
        }
    }

    /** The variable's value, or null if it is unset or empty. */
    private @Nullable String value(String variable) {
        String value = variables.get(variable);
        return value == null || value.isEmpty() ? null : value;
    }

    /**
     * Completes the certificates as libpq does, with those of {@code ~/.postgresql}, and returns the resulting mode of
     * encryption.
     *
     * @param given the mode that is set, or the empty text
     */
    String trust(String given, Map<String, String> parameters) {
        String mode = given.isEmpty() ? SYSTEM.equals(parameters.get(ROOT)) ? "verify-full" : "prefer" : given;
        boolean mayTrust = mode.equals("require") || mode.startsWith("verify-");
        if (mayTrust) {
            complete(parameters, ROOT, "root.crt");
        }
        if (!mode.equals("disable") && !"disable".equals(parameters.get("sslcertmode"))) {
            complete(parameters, "sslcert", "postgresql.crt");
            complete(parameters, "sslkey", "postgresql.key");
        }
        String trusted = parameters.get(ROOT);
        boolean anyone = mode.equals("verify-ca") && trusted == null;
        if (anyone || (SYSTEM.equals(trusted) && !mode.equals("verify-full"))) {
            throw new SettingsException(
                    "The sslmode " + mode + " would trust any server with a certificate of any public authority: name"
                            + " the server's authority with the parameter sslrootcert, or take verify-full",
                    null);
        }
        return mode.equals("require") && trusted != null ? "verify-ca" : mode;
    }

    private void complete(Map<String, String> parameters, String name, String fileName) {
        Path file = home.resolve(".postgresql").resolve(fileName);
        if (Files.isRegularFile(file)) {
            parameters.putIfAbsent(name, file.toString());
        }
    }

    /** The password of the first line of the password file that matches, or null if there is none. */
    @Nullable
    String passwordOf(@Nullable String passwordFile, String host, int port, String database, String user) {
        Path file = passwordFile == null ? file("PGPASSFILE", ".pgpass") : Path.of(passwordFile);
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

    /** The service's section in the user's file, else in the system's. */
    private Map<String, String> service(String service) {
        List<Path> files = new ArrayList<>(List.of(file("PGSERVICEFILE", ".pg_service.conf")));
        String ofTheSystem = value("PGSYSCONFDIR");
        if (ofTheSystem != null) {
            files.add(Path.of(ofTheSystem).resolve("pg_service.conf"));
        }
        for (Path file : files) {
            Map<String, String> section = Files.isRegularFile(file) ? section(service, file) : null;
            if (section != null) {
                return section;
            }
        }
        throw new SettingsException(
                "The service '" + service + "' (of the URL or of PGSERVICE) is not in "
                        + files.stream().map(Path::toString).collect(Collectors.joining(" or ")),
                null);
    }

    private static @Nullable Map<String, String> section(String service, Path file) {
        Map<String, String> settings = null;
        for (String line : lines(file)) {
            String text = line.strip();
            int equals = text.indexOf('=');
            if (text.startsWith("[")) {
                if (settings != null) {
                    break;
                }
                settings = text.equals("[" + service + "]") ? new LinkedHashMap<>() : null;
            } else if (settings != null && !text.startsWith("#") && !text.isEmpty()) {
                String name = equals < 0 ? "" : text.substring(0, equals).strip();
                if (name.isEmpty() || name.equals("service")) {
                    throw new SettingsException(
                            "The service '" + service + "' of " + file + " has a line that is not of the form"
                                    + " name=value, or that names a further service",
                            null);
                }
                // As with libpq, the first line counts.
                settings.putIfAbsent(name, text.substring(equals + 1).strip());
            }
        }
        return settings;
    }

    private Path file(String variable, String inHome) {
        String named = value(variable);
        return named == null ? home.resolve(inHome) : Path.of(named);
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
