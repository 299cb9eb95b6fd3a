package io.procrastinate.connector.vertx;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ParameterSupport;
import io.procrastinate.driver.SessionSettings;
import io.procrastinate.exception.SettingsException;
import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.TrustOptions;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.SslMode;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** Translates settings for the driver. */
final class ServerOptions {

    static final ParameterSupport SUPPORT =
            ParameterSupport.NONE.withAll(List.of("sslrootcert", "sslcert", "sslkey", "keepalives"));

    private ServerOptions() {}

    /**
     * The modes of encryption, in the order in which to try them. The driver's own modes of two attempts are not used:
     * they leave the socket of the first attempt open.
     */
    static List<SslMode> sslModes(ConnectorSettings settings) {
        return switch (settings.sslMode()) {
            case "disable" -> List.of(SslMode.DISABLE);
            case "allow" -> List.of(SslMode.DISABLE, SslMode.REQUIRE);
            case "prefer" -> List.of(SslMode.REQUIRE, SslMode.DISABLE);
            case "require" -> List.of(SslMode.REQUIRE);
            case "verify-ca" -> List.of(SslMode.VERIFY_CA);
            case "verify-full" -> List.of(SslMode.VERIFY_FULL);
            default -> throw new IllegalStateException("Settings with the sslmode " + settings.sslMode());
        };
    }

    static NetClientOptions socket(ConnectorSettings settings) {
        return new NetClientOptions()
                .setConnectTimeout((int) Math.min(Integer.MAX_VALUE, Millis.of(settings.connectTimeout())))
                .setTcpKeepAlive(!"0".equals(settings.parameters().get("keepalives")));
    }

    /**
     * Returns the options to connect with.
     *
     * @param plain whether to leave out our own session settings, as a pooler may require
     */
    static PgConnectOptions connection(ConnectorSettings settings, SslMode mode, boolean plain) {
        PgConnectOptions options = new PgConnectOptions()
                .setHost(settings.host())
                .setPort(settings.port())
                .setDatabase(settings.database())
                .setUser(settings.user())
                .setPassword(settings.password() == null ? "" : settings.password())
                .setProperties(properties(settings, plain))
                .setSslMode(mode)
                .setSslOptions(ssl(settings, mode))
                // Without a cache the driver parses each statement again; configured for a proxy, it sends the parsing
                // of the unnamed statement together with its execution, so that both reach the same server.
                .setCachePreparedStatements(settings.preparedStatements())
                .setUseLayer7Proxy(!settings.preparedStatements());
        // With the driver's default limit of 2048 characters, the longest statements would be parsed each time.
        options.setPreparedStatementCacheSqlFilter(sql -> true);
        return options;
    }

    /** The parameters of the start-up message: server variables, whose values the server reads as they are. */
    private static Map<String, String> properties(ConnectorSettings settings, boolean plain) {
        Map<String, String> properties = new HashMap<>();
        properties.put("application_name", settings.applicationName());
        properties.put("client_encoding", "UTF8");
        properties.put("datestyle", "ISO");
        if (settings.preparedStatements() && !plain) {
            properties.putAll(SessionSettings.parameters());
        }
        properties.putAll(settings.variables());
        return properties;
    }

    /** Encryption without verification unless the mode asks for it, as with libpq. */
    private static ClientSSLOptions ssl(ConnectorSettings settings, SslMode mode) {
        ClientSSLOptions options = new ClientSSLOptions();
        if (mode == SslMode.VERIFY_CA || mode == SslMode.VERIFY_FULL) {
            options.setTrustOptions(trust(settings.parameters().get("sslrootcert")));
        } else {
            options.setTrustAll(true);
        }
        options.setHostnameVerificationAlgorithm(mode == SslMode.VERIFY_FULL ? "HTTPS" : "");
        String certificate = settings.parameters().get("sslcert");
        String key = settings.parameters().get("sslkey");
        if (certificate != null && key != null) {
            options.setKeyCertOptions(
                    new PemKeyCertOptions().setCertPath(certificate).setKeyPath(key));
        }
        return options;
    }

    private static TrustOptions trust(@Nullable String rootCertificate) {
        if (rootCertificate != null && !rootCertificate.equals("system")) {
            return new PemTrustOptions().addCertPath(rootCertificate);
        }
        try {
            TrustManagerFactory system = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            system.init((KeyStore) null);
            return TrustOptions.wrap(system);
        } catch (GeneralSecurityException e) {
            throw new SettingsException(
                    "The certificates that this Java trusts cannot be read. Name the server's root certificate with"
                            + " the parameter sslrootcert",
                    e);
        }
    }
}
