package io.procrastinate.connector;

import io.procrastinate.exception.SettingsException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Where the database is and how to use it. The same settings mean the same to every connector.
 *
 * <p>What is not set is taken from libpq's environment: all of its variables ({@code PGHOST}, {@code PGOPTIONS},
 * {@code PGSSLROOTCERT}, ...) and the whole of the service that {@code PGSERVICE} names, then, for the password, from
 * the password file ({@code PGPASSFILE}, else {@code ~/.pgpass}), else from the defaults below. Passwords are never
 * printed.
 *
 * <p>No setting is ever ignored. A connector refuses to open a pool of its own when it cannot honour one of the
 * {@link #parameters()}; the server refuses any of the {@link #variables()} that it does not know. Either way the
 * message names it.
 */
public final class ConnectorSettings {

    private static final String SEARCH_PATH = "search_path";

    /** The most milliseconds that drivers can count in an {@code int}. */
    private static final Duration LONGEST = Duration.ofDays(24);

    private static final List<String> SSL_MODES =
            List.of("disable", "allow", "prefer", "require", "verify-ca", "verify-full");

    private final Values values;

    private ConnectorSettings(Values values) {
        this.values = values;
    }

    /** The settings of the environment. */
    public static ConnectorSettings fromEnvironment() {
        return builder().build();
    }

    /**
     * The defaults, ignoring the environment: for a connector that is opened with the application's pool, which knows
     * where the database is.
     */
    public static ConnectorSettings defaults() {
        return new Builder(LibpqEnvironment.NONE).build();
    }

    /**
     * The settings of a URL, completed from the environment.
     *
     * @param url see {@link Builder#url}
     */
    public static ConnectorSettings of(String url) {
        return builder().url(url).build();
    }

    /** Starts with nothing set. */
    public static Builder builder() {
        return new Builder(LibpqEnvironment.ofProcess());
    }

    /** Starts with nothing set and an environment other than the process's, for tests. */
    static Builder builder(LibpqEnvironment environment) {
        return new Builder(environment);
    }

    /** Starts with all of these settings. */
    public Builder toBuilder() {
        Builder builder = builder()
                .host(values.host)
                .port(values.port)
                .database(values.database)
                .user(values.user)
                .sslMode(values.sslMode)
                .applicationName(values.applicationName)
                .poolSize(values.poolSize)
                .connectTimeout(values.connectTimeout)
                .statementTimeout(values.statementTimeout)
                .preparedStatements(values.preparedStatements);
        builder.password = values.password;
        builder.schema = values.schema;
        builder.listenUrl = values.listenUrl;
        builder.parameters.putAll(values.parameters);
        builder.variables.putAll(values.variables);
        builder.complete = true;
        return builder;
    }

    /**
     * The settings for the connection that listens: these, overridden by {@link #listenUrl}; a password or schema
     * missing there is taken from these.
     */
    public ConnectorSettings forListening() {
        return values.listenUrl == null
                ? this
                : toBuilder().url(values.listenUrl).build();
    }

    /** The database that the settings lead to, for messages: {@code host:port/database}. */
    public String target() {
        return values.host + ":" + values.port + "/" + values.database;
    }

    /** Everything but the password and the values of further parameters, which may be secrets too. */
    @Override
    public String toString() {
        return "ConnectorSettings[" + values.user + "@" + target() + ", password="
                + (values.password == null ? "none" : "***")
                + ", sslMode=" + values.sslMode + ", applicationName=" + values.applicationName + ", schema="
                + values.schema + ", poolSize="
                + values.poolSize + ", connectTimeout=" + values.connectTimeout + ", statementTimeout="
                + values.statementTimeout
                + ", preparedStatements=" + values.preparedStatements + ", listenUrl="
                + (values.listenUrl == null ? "none" : "***")
                + ", parameters=" + new TreeMap<>(values.parameters).keySet() + ", variables="
                + new TreeMap<>(values.variables).keySet() + "]";
    }

    /** The time-out, or the longest one that drivers and clocks can count to. */
    static Duration limited(Duration timeout) {
        return timeout.compareTo(LONGEST) > 0 ? LONGEST : timeout;
    }

    private static void requireRange(String what, int value, int least, int most) {
        if (value < least || value > most) {
            throw new SettingsException("The " + what + " is " + value + ", it must be " + least + " to " + most, null);
        }
    }

    private static void requirePositive(String what, Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new SettingsException("The " + what + " is " + value + ", it must be positive", null);
        }
    }

    /** Collects settings; the last value set counts. Not thread-safe. */
    public static final class Builder {

        private final LibpqEnvironment environment;
        final Map<String, String> parameters = new TreeMap<>();
        final Map<String, String> variables = new TreeMap<>();
        private @Nullable String host;

        @Nullable
        String hostAddress;

        private @Nullable Integer port;
        private @Nullable String database;
        private @Nullable String user;
        private @Nullable String password;

        @Nullable
        String passwordFile;

        @Nullable
        String service;

        private @Nullable String sslMode;
        private @Nullable String applicationName;

        @Nullable
        String fallbackName;

        private @Nullable String schema;
        private @Nullable Duration connectTimeout;
        private int poolSize = 10;
        private Duration statementTimeout = Duration.ofSeconds(30);
        private @Nullable Boolean preparedStatements;
        private @Nullable String listenUrl;
        /** Whether everything is set, so that the environment has nothing to add. */
        private boolean complete;

        private Builder(LibpqEnvironment environment) {
            this.environment = environment;
        }

        /**
         * Sets what a URL says: {@code postgresql://user:password@host:port/database?parameters},
         * {@code postgres://...} or {@code jdbc:postgresql://...}, names and passwords percent-encoded, with parameters
         * as of {@link #parameter}. White space around it does not count. {@code ssl=true} means
         * {@code sslmode=require}, as libpq has it, and in {@code jdbc:} URLs {@code verify-full}, as pgjdbc has it.
         *
         * @throws SettingsException if it is not such a URL
         */
        public Builder url(String url) {
            PostgresUrl.parse(url).applyTo(this);
            return this;
        }

        /** Sets the server's name or address. */
        public Builder host(String name) {
            this.host = name;
            return this;
        }

        /** Sets the server's port. */
        public Builder port(int number) {
            this.port = number;
            return this;
        }

        /** Sets the database's name. */
        public Builder database(String name) {
            this.database = name;
            return this;
        }

        /** Sets the user to log in as. */
        public Builder user(String name) {
            this.user = name;
            return this;
        }

        /** Sets the password. */
        public Builder password(String secret) {
            this.password = secret;
            return this;
        }

        /** Sets libpq's {@code sslmode}. */
        public Builder sslMode(String mode) {
            this.sslMode = mode;
            return this;
        }

        /** Sets what the server shows for the connections. */
        public Builder applicationName(String name) {
            this.applicationName = name;
            return this;
        }

        /** Sets the schema that holds the tables. Any name is valid: it is quoted. */
        public Builder schema(String name) {
            this.schema = name;
            variables.remove(SEARCH_PATH);
            return this;
        }

        /** A list of schemas as the server reads it: names without quotes are in lower case. */
        void searchPath(String list) {
            schema = ServerVariables.onlySchema(list);
            if (schema == null) {
                variables.put(SEARCH_PATH, list);
            } else {
                variables.remove(SEARCH_PATH);
            }
        }

        /** Sets how many connections the connector's own pool opens at most. */
        public Builder poolSize(int connections) {
            this.poolSize = connections;
            return this;
        }

        /** Sets how long making a connection, or waiting for a free one, may take. */
        public Builder connectTimeout(Duration limit) {
            this.connectTimeout = limit;
            return this;
        }

        /** Sets how long a statement may take unless it has a limit of its own. */
        public Builder statementTimeout(Duration limit) {
            this.statementTimeout = limit;
            return this;
        }

        /** Sets whether the server prepares statements. */
        public Builder preparedStatements(boolean prepared) {
            this.preparedStatements = prepared;
            return this;
        }

        /** Sets a separate URL for the connection that listens. */
        public Builder listenUrl(String url) {
            PostgresUrl.parse(url);
            this.listenUrl = url;
            return this;
        }

        /**
         * Sets anything by its name in a connection URL: a parameter of libpq ({@code sslrootcert}, {@code options},
         * {@code connect_timeout} in seconds, 0 meaning no limit, ...), one in the spelling of pgjdbc
         * ({@code currentSchema}, {@code ApplicationName}, ...), one that only a particular driver has, or any variable
         * of the server ({@code statement_timeout}, {@code timezone}, {@code search_path} with a list of schemas, ...).
         *
         * @throws SettingsException if the parameter cannot have this value
         */
        public Builder parameter(String name, String value) {
            NamedSettings.apply(this, name, value);
            return this;
        }

        /**
         * Completes the settings from the environment and the defaults.
         *
         * @throws SettingsException if a value is out of its range or the environment cannot be understood
         */
        public ConnectorSettings build() {
            Builder around = around();
            String chosenHost = first(host, around.host, first(hostAddress, around.hostAddress, "localhost"));
            int chosenPort = first(port, around.port, 5432);
            String chosenUser = first(user, around.user, System.getProperty("user.name", "postgres"));
            String chosenDatabase = first(database, around.database, chosenUser);
            String chosenPassword = password != null ? password : around.password;
            if (chosenPassword == null) {
                String file = passwordFile != null ? passwordFile : around.passwordFile;
                chosenPassword = environment.passwordOf(file, chosenHost, chosenPort, chosenDatabase, chosenUser);
            }
            Map<String, String> chosenParameters = merged(around.parameters, parameters);
            String chosenMode = environment.trust(first(sslMode, around.sslMode, ""), chosenParameters);
            Map<String, String> chosenVariables = merged(around.variables, variables);
            String chosenSchema = schema;
            if (chosenSchema == null && !variables.containsKey(SEARCH_PATH)) {
                chosenSchema = around.schema;
            }
            return new ConnectorSettings(new Values(
                    connectTo(chosenHost, first(hostAddress, around.hostAddress, chosenHost), chosenMode),
                    chosenPort,
                    chosenDatabase,
                    chosenUser,
                    chosenPassword,
                    chosenMode,
                    first(
                            applicationName,
                            around.applicationName,
                            first(fallbackName, around.fallbackName, "procrastinate")),
                    chosenSchema,
                    poolSize,
                    first(connectTimeout, around.connectTimeout, Duration.ofSeconds(10)),
                    statementTimeout,
                    first(preparedStatements, around.preparedStatements, true),
                    listenUrl,
                    chosenParameters,
                    chosenVariables));
        }

        /** The settings of the environment and the service. */
        private Builder around() {
            Builder around = new Builder(environment);
            if (!complete || service != null) {
                environment.applyTo(around, service);
            }
            return around;
        }

        /** The address saves looking up the name, which then only serves to find the password. */
        private static String connectTo(String host, String address, String sslMode) {
            if (!address.equals(host) && sslMode.equals("verify-full")) {
                throw new SettingsException(
                        "The sslmode verify-full asks for the certificate of '" + host + "', and hostaddr is '"
                                + address + "': leave hostaddr (or PGHOSTADDR) out",
                        null);
            }
            return address;
        }

        private static Map<String, String> merged(Map<String, String> found, Map<String, String> set) {
            Map<String, String> merged = new TreeMap<>(found);
            merged.putAll(set);
            return merged;
        }

        private static <T> T first(@Nullable T set, @Nullable T found, T otherwise) {
            return set != null ? set : found != null ? found : otherwise;
        }
    }

    /** The server's name or address; default {@code localhost}. */
    public String host() {
        return values.host;
    }

    /** The server's port, 1 to 65535; default 5432. */
    public int port() {
        return values.port;
    }

    /** The database's name; default the user's name. */
    public String database() {
        return values.database;
    }

    /** The user to log in as; default the name of the operating system's user. */
    public String user() {
        return values.user;
    }

    /** The password, or null if none is needed. */
    public @Nullable String password() {
        return values.password;
    }

    /**
     * The mode of encryption, as libpq names it: {@code disable}, {@code allow}, {@code prefer} (default),
     * {@code require}, {@code verify-ca}, {@code verify-full}. The trusted authorities are those of the parameter
     * {@code sslrootcert} (a PEM file, or {@code system} for those that Java trusts), else
     * {@code ~/.postgresql/root.crt}, else, with {@code verify-full}, {@code system}. As with libpq, {@code require}
     * with a certificate to trust means {@code verify-ca}.
     */
    public String sslMode() {
        return values.sslMode;
    }

    /** What the server shows for the connections; default {@code procrastinate}. */
    public String applicationName() {
        return values.applicationName;
    }

    /**
     * The schema that holds the tables, set as the search path of the connector's own connections, or null for the
     * server's search path, or if that is a list among the {@link #variables()}.
     */
    public @Nullable String schema() {
        return values.schema;
    }

    /**
     * How many connections the connector's own pool opens at most, besides those that listen or are reserved; at least
     * 1, default 10.
     */
    public int poolSize() {
        return values.poolSize;
    }

    /**
     * How long making a connection, or waiting for a free one, may take; default 10 seconds, longer values are capped
     * at 24 days.
     */
    public Duration connectTimeout() {
        return values.connectTimeout;
    }

    /**
     * How long a statement may take unless it has a limit of its own; default 30 seconds, longer values are capped at
     * 24 days.
     */
    public Duration statementTimeout() {
        return values.statementTimeout;
    }

    /**
     * Whether the server prepares statements; switch it off behind a pooler that hands out connections per transaction,
     * such as PgBouncer; default true.
     */
    public boolean preparedStatements() {
        return values.preparedStatements;
    }

    /** A separate URL for the connection that listens, needed behind such a pooler, or null for the same server. */
    public @Nullable String listenUrl() {
        return values.listenUrl;
    }

    /**
     * Further connection parameters, by their names in {@link ConnectionParameter#all()}: the connector honours each or
     * refuses it with {@link ParameterSupport#require}.
     */
    public Map<String, String> parameters() {
        return values.parameters;
    }

    /**
     * What the server sets for each of the connector's own connections, {@code search_path} included: names in lower
     * case, values as the server reads them.
     */
    public Map<String, String> variables() {
        return values.variables;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ConnectorSettings that && values.equals(that.values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    /** Not public, so that another component breaks no caller. */
    private record Values(
            String host,
            int port,
            String database,
            String user,
            @Nullable String password,
            String sslMode,
            String applicationName,
            @Nullable String schema,
            int poolSize,
            Duration connectTimeout,
            Duration statementTimeout,
            boolean preparedStatements,
            @Nullable String listenUrl,
            Map<String, String> parameters,
            Map<String, String> variables) {

        Values {
            if (host.contains(",")) {
                throw NamedSettings.severalHosts();
            }
            if (host.isBlank() || host.startsWith("/") || host.startsWith("@")) {
                throw new SettingsException(
                        "The host '" + host + "' is not a name or an address. Sockets of the file system"
                                + " are not supported: give a host, or open the app with a pool of your own",
                        null);
            }
            if (!SSL_MODES.contains(sslMode)) {
                throw new SettingsException(
                        "The sslmode is '" + sslMode + "', it must be one of " + String.join(", ", SSL_MODES), null);
            }
            requireRange("port", port, 1, 65535);
            requireRange("pool size", poolSize, 1, Integer.MAX_VALUE);
            requirePositive("connect time-out", connectTimeout);
            requirePositive("statement time-out", statementTimeout);
            connectTimeout = limited(connectTimeout);
            statementTimeout = limited(statementTimeout);
            parameters = Map.copyOf(parameters);
            Map<String, String> set = new TreeMap<>(variables);
            if (schema != null) {
                set.put(SEARCH_PATH, Identifiers.quote(schema));
            }
            variables = Map.copyOf(set);
        }
    }
}
