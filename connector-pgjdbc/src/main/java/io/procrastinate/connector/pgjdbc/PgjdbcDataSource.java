package io.procrastinate.connector.pgjdbc;

import static java.util.Map.entry;

import io.procrastinate.connector.ConnectionParameter;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ParameterSupport;
import io.procrastinate.connector.ServerVariables;
import io.procrastinate.driver.SessionSettings;
import io.procrastinate.exception.ConnectorException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.AbstractMap.SimpleEntry;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.postgresql.PGProperty;
import org.postgresql.ds.PGSimpleDataSource;
import org.postgresql.ssl.DefaultJavaSSLFactory;

/**
 * Translates settings for the driver. Nearly everything is sent in the start-up packet: a new connection needs no
 * statement first.
 */
final class PgjdbcDataSource {

    /** Variables that the driver itself sets when it connects, so that ours must be set afterwards. */
    static final Set<String> SET_BY_THE_DRIVER = Set.of("timezone", "datestyle");

    private static final String SEARCH_PATH = "search_path";
    private static final String ROOT = "sslrootcert";

    /** libpq's parameters that the driver has too. An application may have an older driver, without the last one. */
    private static final Map<String, PGProperty> OF_LIBPQ = Stream.of(
                    entry(ROOT, PGProperty.SSL_ROOT_CERT),
                    entry("sslcert", PGProperty.SSL_CERT),
                    entry("sslkey", PGProperty.SSL_KEY),
                    entry("sslpassword", PGProperty.SSL_PASSWORD),
                    entry("sslnegotiation", PGProperty.SSL_NEGOTIATION),
                    entry("channel_binding", PGProperty.CHANNEL_BINDING),
                    entry("gssencmode", PGProperty.GSS_ENC_MODE),
                    entry("gsslib", PGProperty.GSS_LIB),
                    entry("krbsrvname", PGProperty.KERBEROS_SERVER_NAME),
                    entry("keepalives", PGProperty.TCP_KEEP_ALIVE),
                    entry("load_balance_hosts", PGProperty.LOAD_BALANCE_HOSTS),
                    entry("target_session_attrs", PGProperty.TARGET_SERVER_TYPE),
                    new SimpleEntry<>("require_auth", PGProperty.forName("requireAuth")))
            .filter(parameter -> parameter.getValue() != null)
            .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));

    /** The driver's names for their values; what the driver calls primary is a server that can be written to. */
    private static final Map<String, String> VALUES = Map.of(
            "keepalives 0", "false",
            "keepalives 1", "true",
            "load_balance_hosts random", "true",
            "load_balance_hosts disable", "false",
            "target_session_attrs read-write", "primary");

    static final ParameterSupport SUPPORT = ParameterSupport.NONE
            .withAll(OF_LIBPQ.keySet())
            .with("target_session_attrs", "any", "read-write", "primary")
            .withAll(ownOfTheDriver());

    private PgjdbcDataSource() {}

    /**
     * Returns what makes connections.
     *
     * @param plain whether to leave out our own session settings, as a pooler may require
     */
    static PGSimpleDataSource of(ConnectorSettings settings, boolean plain) throws SQLException {
        PGSimpleDataSource dataSource = new PGSimpleDataSource();
        dataSource.setServerNames(new String[] {settings.host()});
        dataSource.setPortNumbers(new int[] {settings.port()});
        dataSource.setDatabaseName(settings.database());
        dataSource.setUser(settings.user());
        dataSource.setPassword(settings.password());
        dataSource.setSslMode(settings.sslMode());
        dataSource.setApplicationName(settings.applicationName());
        limitConnecting(dataSource, settings.connectTimeout());
        dataSource.setTcpKeepAlive(true);
        // The driver uses one thread for all of its connections to cancel statements: if one server does not answer,
        // the time-outs of the others are delayed by as much. After that time the statement's socket is given up
        // anyway.
        dataSource.setCancelSignalTimeout(2);
        // Every supported server is newer, and this saves the driver round trips.
        dataSource.setAssumeMinServerVersion("10");
        if (!settings.preparedStatements()) {
            dataSource.setPrepareThreshold(0);
        }
        for (Map.Entry<String, String> parameter : settings.parameters().entrySet()) {
            set(dataSource, parameter.getKey(), parameter.getValue());
        }
        trust(dataSource, settings);
        Map<String, String> variables = new HashMap<>();
        if (settings.preparedStatements() && !plain) {
            variables.putAll(SessionSettings.parameters());
        }
        variables.putAll(settings.variables());
        variables.keySet().removeAll(SET_BY_THE_DRIVER);
        dataSource.setCurrentSchema(variables.remove(SEARCH_PATH));
        if (!variables.isEmpty()) {
            dataSource.setOptions(ServerVariables.options(variables));
        }
        return dataSource;
    }

    /** As {@link #of}, for a connection that listens. */
    static PGSimpleDataSource forListening(ConnectorSettings settings, boolean plain) throws SQLException {
        PGSimpleDataSource dataSource = of(settings.forListening(), plain);
        // Without a time-out of its own, a connection encrypted by GSSAPI would poll in a busy loop.
        boolean limited = dataSource.getSocketTimeout() > 0;
        if (limited && dataSource.getSocketFactory() == null && isSeenByDriver(PromptSocketFactory.class)) {
            dataSource.setSocketFactory(PromptSocketFactory.class.getName());
        }
        return dataSource;
    }

    /** A driver that several applications share may not see our class. */
    private static boolean isSeenByDriver(Class<?> ours) {
        try {
            return Class.forName(ours.getName(), false, PGProperty.class.getClassLoader()) == ours;
        } catch (ClassNotFoundException | LinkageError e) {
            return false;
        }
    }

    /** The driver's own factory supports files only. */
    private static void trust(PGSimpleDataSource dataSource, ConnectorSettings settings) throws SQLException {
        String root = settings.parameters().getOrDefault(ROOT, "system");
        boolean own = dataSource.getSslfactory() != null
                && !PGProperty.SSL_FACTORY.getDefaultValue().equals(dataSource.getSslfactory());
        if (own || !root.equals("system") || !settings.sslMode().equals("verify-full")) {
            return;
        }
        if (settings.parameters().containsKey("sslcert")) {
            throw ConnectorException.refusal(
                    "The connector 'pgjdbc' cannot send the certificate sslcert to a server that is trusted by the"
                            + " authorities of Java: name the server's authority with sslrootcert, or take vertx.");
        }
        dataSource.setProperty(PGProperty.SSL_ROOT_CERT, null);
        dataSource.setSslfactory(DefaultJavaSSLFactory.class.getName());
    }

    private static void limitConnecting(PGSimpleDataSource dataSource, Duration limit) {
        int seconds = (int) Math.min(limit.plusNanos(999_999_999).toSeconds(), Integer.MAX_VALUE / 1000);
        dataSource.setConnectTimeout(seconds);
        dataSource.setLoginTimeout(seconds);
        // Ends the driver's log-in thread too when the server accepts but never answers. Statements set their own.
        dataSource.setSocketTimeout(seconds);
    }

    private static void set(PGSimpleDataSource dataSource, String name, String value) throws SQLException {
        PGProperty property = OF_LIBPQ.getOrDefault(name, PGProperty.forName(name));
        if (property != null) {
            dataSource.setProperty(property, VALUES.getOrDefault(name + " " + value, value));
        }
    }

    private static List<String> ownOfTheDriver() {
        return ConnectionParameter.all().stream()
                .filter(parameter -> parameter.kind() == ConnectionParameter.Kind.DRIVER)
                .map(ConnectionParameter::name)
                .filter(name -> PGProperty.forName(name) != null)
                .toList();
    }
}
