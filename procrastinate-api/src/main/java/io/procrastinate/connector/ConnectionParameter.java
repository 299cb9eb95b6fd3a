package io.procrastinate.connector;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A known parameter of a connection URL, a service file or libpq's environment. Any name that is not in {@link #all()}
 * is a variable for the server to set, which refuses those that it does not know.
 *
 * @param name the name, libpq's if libpq has the parameter
 * @param kind what handles it
 * @param variable libpq's environment variable for it, or null if there is none
 * @param values the values that it can have, or empty if it can be any text
 * @param harmless the values that ask for what every driver does anyway: no connector refuses them
 * @param example one value, for tests
 * @param advice what to do if the connector does not honour it
 */
public record ConnectionParameter(
        String name,
        Kind kind,
        @Nullable String variable,
        List<String> values,
        Set<String> harmless,
        String example,
        String advice) {

    private static final String ANOTHER = "leave it out, or take a connector that honours it";
    private static final String SYSTEM = "leave it out, and set it for the whole operating system";
    private static final String JAVA = "leave it out, and configure Java's own TLS (jdk.tls.disabledAlgorithms)";
    private static final String NEVER = "leave it out: no connector can";
    private static final List<String> TLS = List.of("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3");
    private static final List<String> PROTOCOLS = List.of("3.0", "3.2", "latest");

    private static final List<ConnectionParameter> ALL = Stream.of(
                    Stream.of(
                            setting("host", "PGHOST"),
                            setting("hostaddr", "PGHOSTADDR"),
                            setting("port", "PGPORT"),
                            setting("dbname", "PGDATABASE"),
                            setting("user", "PGUSER"),
                            setting("password", "PGPASSWORD"),
                            setting("passfile", "PGPASSFILE"),
                            setting("service", "PGSERVICE"),
                            setting("connect_timeout", "PGCONNECT_TIMEOUT"),
                            setting("application_name", "PGAPPNAME"),
                            setting("fallback_application_name", null),
                            setting("client_encoding", "PGCLIENTENCODING"),
                            setting("options", "PGOPTIONS"),
                            setting("sslmode", "PGSSLMODE"),
                            setting("requiressl", "PGREQUIRESSL"),
                            setting("requirepeer", "PGREQUIREPEER"),
                            // Those of pgjdbc and Prisma.
                            setting("ssl", null),
                            setting("pgbouncer", null),
                            setting("schema", null)),
                    Stream.of(
                            text("sslrootcert", "PGSSLROOTCERT", "/etc/ssl/root.crt", ANOTHER),
                            text("sslcert", "PGSSLCERT", "/etc/ssl/client.crt", ANOTHER),
                            text("sslkey", "PGSSLKEY", "/etc/ssl/client.key", ANOTHER),
                            text("sslpassword", null, "secret", ANOTHER),
                            choice(
                                    "sslcertmode",
                                    "PGSSLCERTMODE",
                                    List.of("disable", "allow", "require"),
                                    NEVER,
                                    "allow"),
                            text("sslcrl", "PGSSLCRL", "/etc/ssl/root.crl", NEVER),
                            text("sslcrldir", "PGSSLCRLDIR", "/etc/ssl/crl", NEVER),
                            choice("sslsni", "PGSSLSNI", List.of("0", "1"), NEVER, "1"),
                            choice(
                                    "sslnegotiation",
                                    "PGSSLNEGOTIATION",
                                    List.of("postgres", "direct"),
                                    ANOTHER,
                                    "postgres"),
                            choice("sslcompression", "PGSSLCOMPRESSION", List.of("0", "1"), NEVER, "0", "1"),
                            text("sslkeylogfile", null, "/tmp/keys", NEVER),
                            choice(
                                    "ssl_min_protocol_version",
                                    "PGSSLMINPROTOCOLVERSION",
                                    TLS,
                                    JAVA,
                                    "TLSv1",
                                    "TLSv1.1",
                                    "TLSv1.2"),
                            choice("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION", TLS, JAVA, "TLSv1.3"),
                            choice("min_protocol_version", "PGMINPROTOCOLVERSION", PROTOCOLS, NEVER, "3.0"),
                            choice(
                                    "max_protocol_version",
                                    "PGMAXPROTOCOLVERSION",
                                    PROTOCOLS,
                                    NEVER,
                                    "3.0",
                                    "3.2",
                                    "latest"),
                            choice(
                                    "channel_binding",
                                    "PGCHANNELBINDING",
                                    List.of("disable", "prefer", "require"),
                                    ANOTHER,
                                    "prefer"),
                            text("require_auth", "PGREQUIREAUTH", "scram-sha-256", ANOTHER),
                            text("scram_client_key", null, "a2V5", NEVER),
                            text("scram_server_key", null, "a2V5", NEVER),
                            text("oauth_issuer", null, "https://localhost", NEVER),
                            text("oauth_client_id", null, "queue", NEVER),
                            text("oauth_client_secret", null, "secret", NEVER),
                            text("oauth_scope", null, "queue", NEVER),
                            choice(
                                    "gssencmode",
                                    "PGGSSENCMODE",
                                    List.of("disable", "allow", "prefer", "require"),
                                    ANOTHER,
                                    "disable",
                                    "allow",
                                    "prefer"),
                            choice("gsslib", "PGGSSLIB", List.of("auto", "gssapi", "sspi"), ANOTHER, "auto", "gssapi"),
                            choice("gssdelegation", "PGGSSDELEGATION", List.of("0", "1"), NEVER, "0"),
                            text("krbsrvname", "PGKRBSRVNAME", "postgresql", ANOTHER, "postgres"),
                            choice("keepalives", null, List.of("0", "1"), ANOTHER),
                            text("keepalives_idle", null, "60", SYSTEM, "0"),
                            text("keepalives_interval", null, "10", SYSTEM, "0"),
                            text("keepalives_count", null, "3", SYSTEM, "0"),
                            text("tcp_user_timeout", null, "60000", SYSTEM, "0"),
                            choice(
                                    "target_session_attrs",
                                    "PGTARGETSESSIONATTRS",
                                    List.of("any", "read-write", "primary", "read-only", "standby", "prefer-standby"),
                                    "leave it out: the queue needs a server that can be written to, and a connection that"
                                            + " turns out to be read-only is given up anyway",
                                    "any"),
                            choice(
                                    "load_balance_hosts",
                                    "PGLOADBALANCEHOSTS",
                                    List.of("disable", "random"),
                                    ANOTHER,
                                    "disable"),
                            choice(
                                    "replication",
                                    null,
                                    List.of("false", "off", "no", "0", "true", "on", "yes", "1", "database"),
                                    "leave it out: connections for replication execute no queries",
                                    "false",
                                    "off",
                                    "no",
                                    "0")),
                    DriverParameters.ALL.stream())
            .flatMap(Function.identity())
            .toList();

    private static final Map<String, ConnectionParameter> BY_NAME =
            ALL.stream().collect(Collectors.toUnmodifiableMap(ConnectionParameter::name, Function.identity()));

    /** What handles a parameter. */
    public enum Kind {
        /** It is part of {@link ConnectorSettings}, under whatever name: it means the same to every connector. */
        SETTING,
        /** libpq has it, and each connector says with {@link Connector#parameterSupport()} whether it honours it. */
        LIBPQ,
        /** Only one driver has it: that driver's connector honours it, others refuse it. */
        DRIVER
    }

    /** All known parameters. */
    public static List<ConnectionParameter> all() {
        return ALL;
    }

    static @Nullable ConnectionParameter named(String name) {
        return BY_NAME.get(name);
    }

    /** The name, with libpq's variable for it, for messages. */
    String label() {
        return "'" + name + "'" + (variable == null ? "" : " (or the environment variable " + variable + ")");
    }

    private static ConnectionParameter setting(String name, @Nullable String variable) {
        return new ConnectionParameter(name, Kind.SETTING, variable, List.of(), Set.of(), "", "");
    }

    private static ConnectionParameter text(
            String name, @Nullable String variable, String example, String advice, String... harmless) {
        return new ConnectionParameter(name, Kind.LIBPQ, variable, List.of(), Set.of(harmless), example, advice);
    }

    private static ConnectionParameter choice(
            String name, @Nullable String variable, List<String> values, String advice, String... harmless) {
        return new ConnectionParameter(
                name, Kind.LIBPQ, variable, values, Set.of(harmless), values.get(values.size() - 1), advice);
    }

    static ConnectionParameter ofDriver(String name, String example) {
        return new ConnectionParameter(name, Kind.DRIVER, null, List.of(), Set.of(), example, ANOTHER);
    }
}
