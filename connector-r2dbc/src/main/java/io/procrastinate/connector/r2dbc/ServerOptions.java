package io.procrastinate.connector.r2dbc;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ParameterSupport;
import io.procrastinate.driver.SessionSettings;
import io.r2dbc.postgresql.PostgresqlConnectionConfiguration;
import io.r2dbc.postgresql.client.SSLMode;
import io.r2dbc.postgresql.util.LogLevel;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLParameters;
import reactor.netty.resources.LoopResources;

/** Translates settings for the driver. */
final class ServerOptions {

    static final ParameterSupport SUPPORT =
            ParameterSupport.NONE.withAll(List.of("sslrootcert", "sslcert", "sslkey", "keepalives"));

    private ServerOptions() {}

    /** The modes of encryption, in the order in which to try them: the driver has no attempt after the first one. */
    static List<SSLMode> sslModes(ConnectorSettings settings) {
        return switch (settings.sslMode()) {
            case "disable" -> List.of(SSLMode.DISABLE);
            case "allow" -> List.of(SSLMode.DISABLE, SSLMode.REQUIRE);
            case "prefer" -> List.of(SSLMode.REQUIRE, SSLMode.DISABLE);
            case "require" -> List.of(SSLMode.REQUIRE);
            case "verify-ca" -> List.of(SSLMode.VERIFY_CA);
            case "verify-full" -> List.of(SSLMode.VERIFY_FULL);
            default -> throw new IllegalStateException("Settings with the sslmode " + settings.sslMode());
        };
    }

    /**
     * Returns the options to connect with.
     *
     * @param plain whether to leave out our own session settings, as a pooler may require
     */
    static PostgresqlConnectionConfiguration connection(
            ConnectorSettings settings, SSLMode mode, boolean plain, LoopResources loops) {
        PostgresqlConnectionConfiguration.Builder options = PostgresqlConnectionConfiguration.builder()
                .host(settings.host())
                .port(settings.port())
                .database(settings.database())
                .username(settings.user())
                .applicationName(settings.applicationName())
                .connectTimeout(settings.connectTimeout())
                .autodetectExtensions(false)
                .timeZone("UTC")
                .options(variables(settings, plain))
                .noticeLogLevel(LogLevel.DEBUG)
                .errorResponseLogLevel(LogLevel.DEBUG)
                .preparedStatementCacheQueries(settings.preparedStatements() ? -1 : 0)
                .tcpKeepAlive(!"0".equals(settings.parameters().get("keepalives")))
                .loopResources(loops);
        String password = settings.password();
        options.password(password == null ? "" : password);
        if (mode != SSLMode.DISABLE) {
            encryption(options, settings, mode);
        }
        return options.build();
    }

    private static void encryption(
            PostgresqlConnectionConfiguration.Builder options, ConnectorSettings settings, SSLMode mode) {
        options.sslMode(mode);
        if (mode != SSLMode.VERIFY_FULL) {
            // Netty 4.2 compares the host's name wherever certificates are verified.
            options.sslEngineCustomizer(engine -> {
                SSLParameters parameters = engine.getSSLParameters();
                parameters.setEndpointIdentificationAlgorithm("");
                engine.setSSLParameters(parameters);
                return engine;
            });
        }
        String root = settings.parameters().get("sslrootcert");
        // Without verification unless the mode asks for it, as with libpq; "system" is what the driver does without.
        if (root != null && !root.equals("system") && (mode == SSLMode.VERIFY_CA || mode == SSLMode.VERIFY_FULL)) {
            options.sslRootCert(root);
        }
        String certificate = settings.parameters().get("sslcert");
        String key = settings.parameters().get("sslkey");
        if (certificate != null && key != null) {
            options.sslCert(certificate).sslKey(key);
        }
    }

    /** Server variables in the start-up message, which the server reads as they are. */
    private static Map<String, String> variables(ConnectorSettings settings, boolean plain) {
        Map<String, String> variables = new LinkedHashMap<>();
        if (settings.preparedStatements() && !plain) {
            variables.putAll(SessionSettings.parameters());
        }
        variables.putAll(settings.variables());
        return variables;
    }
}
