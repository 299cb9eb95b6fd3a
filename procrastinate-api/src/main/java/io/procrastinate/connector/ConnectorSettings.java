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
 * <p>What is not set comes from libpq's environment ({@code PGHOST}, {@code PGPORT}, {@code PGDATABASE}, {@code PGUSER},
 * {@code PGPASSWORD}, {@code PGSSLMODE}, {@code PGAPPNAME}, {@code PGCONNECT_TIMEOUT}, {@code PGSERVICE}), then, for the
 * password, from the password file ({@code PGPASSFILE}, else {@code ~/.pgpass}), else from the defaults below. Passwords
 * never print.
 *
 * @param host the server's name or address; default {@code localhost}
 * @param port the server's port, 1 to 65535; default 5432
 * @param database the database's name; default the user's name
 * @param user who logs in; default the name of the operating system's user
 * @param password the password, or null where none is needed
 * @param sslMode libpq's mode of encryption: {@code disable}, {@code allow}, {@code prefer} (default), {@code require},
 *     {@code verify-ca}, {@code verify-full}; whom to trust, the parameter {@code sslrootcert} says (a PEM file)
 * @param applicationName what the server shows for the connections; default {@code procrastinate}
 * @param schema the schema that holds the tables, set as the search path of the connector's own connections, or null for
 *     the server's search path
 * @param poolSize the most connections that a pool of the connector's own opens, besides one that listens; at least 1,
 *     default 10
 * @param connectTimeout how long making a connection, or waiting for a free one, may take; default 10 seconds, at most 24 days,
 *     for which anything longer is taken
 * @param statementTimeout how long a statement may take unless it says otherwise; default 30 seconds, at most 24 days
 * @param preparedStatements whether the server prepares statements; switch it off behind a pooler that hands out
 *     connections by transaction, such as PgBouncer; default true
 * @param listenUrl a URL of its own for the connection that listens, as behind such a pooler, or null for the same server
 * @param parameters further parameters of the URL, handed to the driver as they are
 */
public record ConnectorSettings(
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
        Map<String, String> parameters) {

    /** As many milliseconds as drivers count in an {@code int}. */
    private static final Duration LONGEST = Duration.ofDays(24);

    private static final List<String> SSL_MODES =
            List.of("disable", "allow", "prefer", "require", "verify-ca", "verify-full");

    /** Checks the ranges. */
    public ConnectorSettings {
        if (host.isBlank() || host.startsWith("/") || host.contains(",")) {
            throw new SettingsException(
                    "The host '" + host + "' is not one name or address. Sockets of the file system"
                            + " and lists of hosts are not supported: give one host, or open the app with a pool of your own",
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
    }

    /** The settings of the environment. */
    public static ConnectorSettings fromEnvironment() {
        return builder().build();
    }

    /**
     * The defaults, without a look at the environment: for a connector that is opened with the application's pool, which says
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

    /** Starts with these settings, all set. */
    public Builder toBuilder() {
        Builder builder = builder()
                .host(host)
                .port(port)
                .database(database)
                .user(user)
                .sslMode(sslMode)
                .applicationName(applicationName)
                .poolSize(poolSize)
                .connectTimeout(connectTimeout)
                .statementTimeout(statementTimeout)
                .preparedStatements(preparedStatements);
        builder.password = password;
        builder.schema = schema;
        builder.listenUrl = listenUrl;
        builder.parameters.putAll(parameters);
        return builder;
    }

    /**
     * The settings for the connection that listens: these, with what {@link #listenUrl} says instead; a password or schema
     * that it leaves out is this one's.
     */
    public ConnectorSettings forListening() {
        return listenUrl == null ? this : toBuilder().url(listenUrl).build();
    }

    /** Where the settings lead, for messages: {@code host:port/database}. */
    public String target() {
        return host + ":" + port + "/" + database;
    }

    /** Everything but the password, and but the values of further parameters, which may be secrets too. */
    @Override
    public String toString() {
        return "ConnectorSettings[" + user + "@" + target() + ", password=" + (password == null ? "none" : "***")
                + ", sslMode=" + sslMode + ", applicationName=" + applicationName + ", schema=" + schema + ", poolSize="
                + poolSize + ", connectTimeout=" + connectTimeout + ", statementTimeout=" + statementTimeout
                + ", preparedStatements=" + preparedStatements + ", listenUrl=" + (listenUrl == null ? "none" : "***")
                + ", parameters=" + new TreeMap<>(parameters).keySet() + "]";
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

    /** Collects settings; what is set last counts. Used by one thread. */
    public static final class Builder {

        private final LibpqEnvironment environment;
        private final Map<String, String> parameters = new TreeMap<>();
        private @Nullable String host;
        private @Nullable Integer port;
        private @Nullable String database;
        private @Nullable String user;
        private @Nullable String password;
        private @Nullable String sslMode;
        private @Nullable String applicationName;
        private @Nullable String schema;
        private @Nullable Duration connectTimeout;
        private int poolSize = 10;
        private Duration statementTimeout = Duration.ofSeconds(30);
        private boolean preparedStatements = true;
        private @Nullable String listenUrl;

        private Builder(LibpqEnvironment environment) {
            this.environment = environment;
        }

        /**
         * Sets what a URL says: {@code postgresql://user:password@host:port/database?parameters}, {@code postgres://...} or
         * {@code jdbc:postgresql://...}, names and passwords percent-encoded. Known parameters are {@code user},
         * {@code password}, {@code sslmode}, {@code application_name}, {@code connect_timeout} (seconds) and
         * {@code search_path}, in the spelling of libpq or pgjdbc; the others go to the driver.
         *
         * @throws SettingsException when it is not such a URL
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

        /** Sets who logs in. */
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

        /** Sets the schema that holds the tables. Any name: it is quoted. */
        public Builder schema(String name) {
            this.schema = name;
            return this;
        }

        /** Sets the most connections of the connector's own pool. */
        public Builder poolSize(int connections) {
            this.poolSize = connections;
            return this;
        }

        /** Sets how long making a connection, or waiting for a free one, may take. */
        public Builder connectTimeout(Duration limit) {
            this.connectTimeout = limit;
            return this;
        }

        /** Sets how long a statement may take unless it says otherwise. */
        public Builder statementTimeout(Duration limit) {
            this.statementTimeout = limit;
            return this;
        }

        /** Sets whether the server prepares statements. */
        public Builder preparedStatements(boolean prepared) {
            this.preparedStatements = prepared;
            return this;
        }

        /** Sets a URL of its own for the connection that listens. */
        public Builder listenUrl(String url) {
            PostgresUrl.parse(url);
            this.listenUrl = url;
            return this;
        }

        /** Sets a further parameter for the driver. */
        public Builder parameter(String name, String value) {
            this.parameters.put(name, value);
            return this;
        }

        /**
         * Completes the settings from the environment and the defaults.
         *
         * @throws SettingsException when a value is out of its range or the environment cannot be understood
         */
        public ConnectorSettings build() {
            Map<String, String> found = environment.settings();
            String chosenHost = first(host, found.get("host"), "localhost");
            int chosenPort =
                    port != null ? port : LibpqEnvironment.number("port", first(found.get("port"), null, "5432"));
            String chosenUser = first(user, found.get("user"), System.getProperty("user.name", "postgres"));
            String chosenDatabase = first(database, found.get("dbname"), chosenUser);
            String chosenPassword = password != null ? password : found.get("password");
            if (chosenPassword == null) {
                chosenPassword = environment.passwordOf(chosenHost, chosenPort, chosenDatabase, chosenUser);
            }
            Duration chosenTimeout = connectTimeout != null
                    ? connectTimeout
                    : Duration.ofSeconds(LibpqEnvironment.number(
                            "connect_timeout", first(found.get("connect_timeout"), null, "10")));
            return new ConnectorSettings(
                    chosenHost,
                    chosenPort,
                    chosenDatabase,
                    chosenUser,
                    chosenPassword,
                    first(sslMode, found.get("sslmode"), "prefer"),
                    first(applicationName, found.get("application_name"), "procrastinate"),
                    schema,
                    poolSize,
                    chosenTimeout,
                    statementTimeout,
                    preparedStatements,
                    listenUrl,
                    parameters);
        }

        private static String first(@Nullable String set, @Nullable String found, String otherwise) {
            return set != null ? set : found != null ? found : otherwise;
        }
    }
}
