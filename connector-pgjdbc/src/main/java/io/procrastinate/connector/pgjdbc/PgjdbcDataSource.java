package io.procrastinate.connector.pgjdbc;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.SessionSettings;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import org.postgresql.PGProperty;
import org.postgresql.ds.PGSimpleDataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Settings in the driver's words. Everything travels in the start-up packet: a new connection needs no statement first. */
final class PgjdbcDataSource {

    private static final Logger LOGGER = LoggerFactory.getLogger(PgjdbcDataSource.class);

    /** Parameters that libpq spells in its own way. */
    private static final Map<String, PGProperty> LIBPQ = Map.of(
            "channel_binding", PGProperty.CHANNEL_BINDING,
            "gssencmode", PGProperty.GSS_ENC_MODE,
            "krbsrvname", PGProperty.KERBEROS_SERVER_NAME,
            "replication", PGProperty.REPLICATION);

    private PgjdbcDataSource() {}

    static PGSimpleDataSource of(ConnectorSettings settings) throws SQLException {
        PGSimpleDataSource dataSource = new PGSimpleDataSource();
        dataSource.setServerNames(new String[] {settings.host()});
        dataSource.setPortNumbers(new int[] {settings.port()});
        dataSource.setDatabaseName(settings.database());
        dataSource.setUser(settings.user());
        dataSource.setPassword(settings.password());
        dataSource.setSslMode(settings.sslMode());
        dataSource.setApplicationName(settings.applicationName());
        if (settings.schema() != null) {
            dataSource.setCurrentSchema('"' + settings.schema().replace("\"", "\"\"") + '"');
        }
        limitConnecting(dataSource, settings.connectTimeout());
        dataSource.setTcpKeepAlive(true);
        // Every supported server is newer; the driver asks less of one that it knows to be.
        dataSource.setAssumeMinServerVersion("10");
        for (Map.Entry<String, String> parameter : settings.parameters().entrySet()) {
            set(dataSource, parameter.getKey(), parameter.getValue());
        }
        if (settings.preparedStatements()) {
            String options = dataSource.getOptions();
            String ours = SessionSettings.options();
            dataSource.setOptions(options == null ? ours : ours + " " + options);
        } else {
            // A pooler refuses start-up options that it does not know, so that the session settings stay as they are.
            dataSource.setPrepareThreshold(0);
        }
        return dataSource;
    }

    /** As {@link #of}, for a connection that listens. */
    static PGSimpleDataSource forListening(ConnectorSettings settings) throws SQLException {
        PGSimpleDataSource dataSource = of(settings.forListening());
        // Without a time-out of its own, a connection encrypted by GSSAPI would ask again and again.
        boolean limited = dataSource.getSocketTimeout() > 0;
        if (limited && dataSource.getSocketFactory() == null && isSeenByDriver(PromptSocketFactory.class)) {
            dataSource.setSocketFactory(PromptSocketFactory.class.getName());
        }
        return dataSource;
    }

    /** The driver, where several applications share it, may not. */
    private static boolean isSeenByDriver(Class<?> ours) {
        try {
            return Class.forName(ours.getName(), false, PGProperty.class.getClassLoader()) == ours;
        } catch (ClassNotFoundException | LinkageError e) {
            return false;
        }
    }

    private static void limitConnecting(PGSimpleDataSource dataSource, Duration limit) {
        int seconds = (int) Math.min(limit.plusNanos(999_999_999).toSeconds(), Integer.MAX_VALUE / 1000);
        dataSource.setConnectTimeout(seconds);
        dataSource.setLoginTimeout(seconds);
        // Ends the driver's log-in thread too when the server accepts but never answers. Statements set their own.
        dataSource.setSocketTimeout(seconds);
    }

    private static void set(PGSimpleDataSource dataSource, String name, String value) throws SQLException {
        PGProperty property = PGProperty.forName(name);
        if (property == null) {
            property = LIBPQ.get(name);
        }
        if (property == null) {
            LOGGER.warn("The driver pgjdbc does not know the parameter '{}': it is ignored", name);
            return;
        }
        dataSource.setProperty(property, value);
    }
}
