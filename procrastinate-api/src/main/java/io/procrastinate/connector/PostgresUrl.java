package io.procrastinate.connector;

import io.procrastinate.exception.SettingsException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A connection URL, parsed. */
record PostgresUrl(
        boolean ofJdbc,
        @Nullable String user,
        @Nullable String password,
        @Nullable String host,
        @Nullable Integer port,
        @Nullable String database,
        Map<String, String> parameters) {

    private static final String USER = "(?:(?<user>[^:@/?]*)(?::(?<password>[^@/?]*))?@)?";
    private static final String HOST = "\\[[^\\]]*\\]|[^:@/?,\\[\\]]*";
    private static final Pattern SHAPE = Pattern.compile("(?<jdbc>(?i:jdbc:))?(?i:postgresql|postgres|(?<=:)pgsql)://"
            + USER
            + "(?<host>" + HOST + ")(?::(?<port>\\d+))?(?<others>(?:,(?:" + HOST + ")(?::\\d*)?)+)?"
            + "(?:/(?<database>[^@?]*))?(?:\\?(?<parameters>.*))?");

    static PostgresUrl parse(String url) {
        // A URL read from a file may end with a line break.
        Matcher matcher = SHAPE.matcher(url.strip());
        if (!matcher.matches()) {
            // The URL itself may hold a password, so the message does not repeat it.
            throw new SettingsException(
                    "The connection URL is not of the form"
                            + " postgresql://user:password@host:port/database?parameters (or jdbc:postgresql://...),"
                            + " with @, :, / and ? inside a name or password percent-encoded",
                    null);
        }
        if (matcher.group("others") != null) {
            throw NamedSettings.severalHosts();
        }
        String host = decode(matcher.group("host"));
        if (host != null && host.startsWith("[")) {
            host = host.substring(1, host.length() - 1);
        }
        String port = matcher.group("port");
        return new PostgresUrl(
                matcher.group("jdbc") != null,
                decode(matcher.group("user")),
                decode(matcher.group("password")),
                host,
                port == null ? null : NamedSettings.port(port),
                decode(matcher.group("database")),
                parameters(matcher.group("parameters")));
    }

    void applyTo(ConnectorSettings.Builder builder) {
        ifPresent(user, builder::user);
        ifPresent(password, builder::password);
        ifPresent(host, builder::host);
        if (port != null) {
            builder.port(port);
        }
        ifPresent(database, builder::database);
        // Before sslmode, which is more specific and wins.
        String ssl = parameters.get("ssl");
        if (ssl != null) {
            boolean libpqs = !ofJdbc && ssl.equalsIgnoreCase("true");
            NamedSettings.apply(builder, libpqs ? "requiressl" : "ssl", ssl);
        }
        parameters.forEach((name, value) -> {
            if (!name.equals("ssl")) {
                NamedSettings.apply(builder, name, value);
            }
        });
    }

    private static void ifPresent(@Nullable String value, Consumer<String> use) {
        if (value != null && !value.isEmpty()) {
            use.accept(value);
        }
    }

    private static Map<String, String> parameters(@Nullable String query) {
        Map<String, String> parameters = new LinkedHashMap<>();
        if (query == null || query.isEmpty()) {
            return parameters;
        }
        for (String pair : query.split("&", -1)) {
            int equals = pair.indexOf('=');
            if (pair.equals("ssl")) {
                parameters.put(pair, "");
            } else if (equals > 0) {
                parameters.put(decoded(pair.substring(0, equals)), decoded(pair.substring(equals + 1)));
            } else {
                throw new SettingsException("A parameter of the connection URL is not of the form name=value", null);
            }
        }
        return parameters;
    }

    private static @Nullable String decode(@Nullable String encoded) {
        return encoded == null ? null : decoded(encoded);
    }

    private static String decoded(String encoded) {
        try {
            // Unlike in a form, a plus sign stands for itself in such URLs.
            return URLDecoder.decode(encoded.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new SettingsException(
                    "The connection URL has a percent sign that is not followed by two hexadecimal"
                            + " digits: encode a percent sign as %25",
                    null);
        }
    }
}
