package io.procrastinate.connector;

import static java.util.Map.entry;

import io.procrastinate.exception.SettingsException;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Reads settings by the names that libpq, its environment, the drivers and the server have for them. */
final class NamedSettings {

    /** Longer than any program waits: what {@code connect_timeout=0} means. */
    private static final Duration NO_LIMIT = Duration.ofDays(24);

    private static final Set<String> UTF8 = Set.of("auto", "utf8", "utf-8", "unicode");

    /** Other spellings, those of pgjdbc, pgjdbc-ng and others, with the names that they stand for. */
    private static final Map<String, String> OTHER_NAMES = Map.ofEntries(
            entry("PGHOST", "host"),
            entry("PGPORT", "port"),
            entry("PGDBNAME", "dbname"),
            entry("database", "dbname"),
            entry("database.name", "dbname"),
            entry("ApplicationName", "application_name"),
            entry("application.name", "application_name"),
            entry("connectTimeout", "connect_timeout"),
            entry("loginTimeout", "connect_timeout"),
            entry("currentSchema", "search_path"),
            entry("clientEncoding", "client_encoding"),
            entry("protocol.encoding", "client_encoding"),
            entry("sslMode", "sslmode"),
            entry("ssl.mode", "sslmode"),
            entry("sslCertificateFile", "sslcert"),
            entry("ssl.certificate.file", "sslcert"),
            entry("sslRootCertificateFile", "sslrootcert"),
            entry("ssl.ca.certificate.file", "sslrootcert"),
            entry("sslKeyFile", "sslkey"),
            entry("ssl.key.file", "sslkey"),
            entry("sslPassword", "sslpassword"),
            entry("ssl.key.password", "sslpassword"),
            entry("sslNegotiation", "sslnegotiation"),
            entry("channelBinding", "channel_binding"),
            entry("gssEncMode", "gssencmode"),
            entry("kerberosServerName", "krbsrvname"),
            entry("requireAuth", "require_auth"),
            entry("targetServerType", "target_session_attrs"),
            entry("loadBalanceHosts", "load_balance_hosts"),
            entry("tcpKeepAlive", "keepalives"));

    /** What the values of these spellings are in libpq. */
    private static final Map<String, Map<String, String>> OTHER_VALUES = Map.of(
            "targetServerType",
                    Map.of(
                            "primary", "read-write",
                            "master", "read-write",
                            "secondary", "read-only",
                            "slave", "read-only",
                            "preferSecondary", "prefer-standby",
                            "preferSlave", "prefer-standby",
                            "preferPrimary", "any"),
            "loadBalanceHosts", Map.of("true", "random", "false", "disable"),
            "tcpKeepAlive", Map.of("true", "1", "false", "0"));

    private NamedSettings() {}

    /** Sets what a name stands for; an unknown name is a server variable. */
    static void apply(ConnectorSettings.Builder builder, String given, String text) {
        String name = OTHER_NAMES.getOrDefault(given, given);
        String value = OTHER_VALUES.getOrDefault(given, Map.of()).getOrDefault(text, text);
        switch (name) {
            case "host" -> builder.host(value);
            case "hostaddr" -> builder.hostAddress = value;
            case "port" -> builder.port(port(value));
            case "dbname" -> builder.database(value);
            case "user" -> builder.user(value);
            case "password" -> builder.password(value);
            case "passfile" -> builder.passwordFile = value;
            case "service" -> builder.service = value;
            case "connect_timeout" -> builder.connectTimeout(seconds(given, value));
            case "application_name" -> builder.applicationName(value);
            case "fallback_application_name" -> builder.fallbackName = value;
            case "sslmode" -> builder.sslMode(value);
            case "requiressl" -> requireSsl(builder, value);
            case "requirepeer" -> {
                // Matters for Unix-domain sockets only, which are refused anyway.
            }
            case "options" -> ServerVariables.parse(value).forEach((each, set) -> variable(builder, each, set));
            case "ssl" -> ssl(builder, value);
            case "pgbouncer" -> {
                if (bool(given, value)) {
                    builder.preparedStatements(false);
                }
            }
            case "schema" -> builder.schema(value);
            case "prepareThreshold" -> {
                if (value.strip().equals("0")) {
                    builder.preparedStatements(false);
                } else {
                    builder.parameters.put(name, value);
                }
            }
            default -> other(builder, name, value);
        }
    }

    private static void other(ConnectorSettings.Builder builder, String name, String value) {
        ConnectionParameter known = ConnectionParameter.named(name);
        if (known == null || known.kind() == ConnectionParameter.Kind.SETTING) {
            variable(builder, name, value);
            return;
        }
        if (!known.values().isEmpty() && !known.values().contains(value)) {
            throw new SettingsException(
                    "The connection parameter " + known.label() + " is '" + value + "', it must be one of "
                            + String.join(", ", known.values()),
                    null);
        }
        builder.parameters.put(name, value);
    }

    private static void variable(ConnectorSettings.Builder builder, String given, String value) {
        String name = ServerVariables.name(given);
        switch (name) {
            case "search_path" -> builder.searchPath(value);
            case "application_name" -> builder.applicationName(value);
            case "client_encoding" -> {
                if (!UTF8.contains(value.toLowerCase(Locale.ROOT))) {
                    throw new SettingsException(
                            "The client_encoding is '" + value + "': Java's drivers speak UTF8. Leave it out", null);
                }
            }
            case "datestyle" -> {
                if (!value.toUpperCase(Locale.ROOT).startsWith("ISO")) {
                    throw new SettingsException(
                            "The datestyle is '" + value + "': Java's drivers read ISO dates. Leave it out", null);
                }
                builder.variables.put(name, value);
            }
            default -> builder.variables.put(name, value);
        }
    }

    /** pgjdbc's parameter: true and the bare name require a server that proves its identity. */
    private static void ssl(ConnectorSettings.Builder builder, String value) {
        if (value.isEmpty() || bool("ssl", value)) {
            builder.sslMode("verify-full");
        }
    }

    /** libpq's oldest spelling. */
    private static void requireSsl(ConnectorSettings.Builder builder, String value) {
        if (bool("requiressl", value)) {
            builder.sslMode("require");
        }
    }

    private static boolean bool(String name, String value) {
        return switch (value.toLowerCase(Locale.ROOT)) {
            case "true", "1", "on", "yes" -> true;
            case "false", "0", "off", "no" -> false;
            default ->
                throw new SettingsException("The " + name + " is '" + value + "', it must be true or false", null);
        };
    }

    static int port(String text) {
        if (text.contains(",")) {
            throw severalHosts();
        }
        return number("port", text);
    }

    static int number(String what, String text) {
        try {
            return Integer.parseInt(text.strip());
        } catch (NumberFormatException e) {
            throw new SettingsException("The " + what + " is '" + text + "', it must be a whole number", e);
        }
    }

    /** As with libpq, zero and negative values mean no limit. */
    private static Duration seconds(String name, String text) {
        int seconds = number(name, text);
        return seconds <= 0 ? NO_LIMIT : Duration.ofSeconds(seconds);
    }

    static SettingsException severalHosts() {
        return new SettingsException(
                "Several hosts are given. A list of hosts is not supported yet: give one host, a name that leads to the"
                        + " server that can be written to, or open the app with a pool of your own",
                null);
    }
}
