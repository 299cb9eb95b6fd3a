package io.procrastinate.connector.pgjdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.driver.StartupRefusal;
import io.procrastinate.exception.ConnectorException;
import java.sql.SQLException;
import java.util.Set;
import java.util.TimeZone;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.PGProperty;
import org.postgresql.ds.PGSimpleDataSource;
import org.postgresql.ssl.DefaultJavaSSLFactory;

/** What happens to the driver's own parameters. */
class PgjdbcParametersTest {

    /** Parameters that are settings and have a syntax of their own. */
    private static final Set<PGProperty> SETTINGS = Set.of(
            PGProperty.OPTIONS,
            PGProperty.PG_HOST,
            PGProperty.PG_PORT,
            PGProperty.PREPARE_THRESHOLD,
            PGProperty.SERVICE,
            PGProperty.REPLICATION);

    @ParameterizedTest
    @EnumSource
    void everyPropertyOfTheDriverIsKnownByName(PGProperty property) {
        String value = property.getChoices() == null ? "1" : property.getChoices()[property.getChoices().length - 1];
        if (SETTINGS.contains(property)) {
            return;
        }
        ConnectorSettings settings = ConnectorSettings.builder()
                .parameter(property.getName(), property == PGProperty.SSL_MODE ? "require" : fitting(property, value))
                .build();
        assertThat(settings.variables().keySet())
                .as("taken for a variable of the server")
                .doesNotContain(property.getName().toLowerCase(java.util.Locale.ROOT));
    }

    private static String fitting(PGProperty property, String value) {
        return switch (property) {
            case TCP_KEEP_ALIVE, LOAD_BALANCE_HOSTS -> "true";
            case TARGET_SERVER_TYPE -> "primary";
            default -> value;
        };
    }

    @Test
    void libpqsNamesBecomeTheDrivers() throws SQLException {
        PGSimpleDataSource source = PgjdbcDataSource.of(
                ConnectorSettings.builder()
                        .host("h")
                        .parameter("target_session_attrs", "read-write")
                        .parameter("keepalives", "0")
                        .parameter("channel_binding", "require")
                        .parameter("gssencmode", "disable")
                        .parameter("search_path", "a, b")
                        .parameter("lock_timeout", "7s")
                        .preparedStatements(false)
                        .build(),
                false);
        assertThat(source.getTargetServerType()).isEqualTo("primary");
        assertThat(source.getTcpKeepAlive()).isFalse();
        assertThat(source.getProperty(PGProperty.CHANNEL_BINDING)).isEqualTo("require");
        assertThat(source.getProperty(PGProperty.GSS_ENC_MODE)).isEqualTo("disable");
        assertThat(source.getCurrentSchema()).isEqualTo("a, b");
        assertThat(source.getOptions()).isEqualTo("-c lock_timeout=7s");
    }

    @Test
    void theAuthoritiesOfJavaAreTrustedWhereNoFileIsNamed() throws SQLException {
        ConnectorSettings.Builder settings =
                ConnectorSettings.builder().host("h").sslMode("verify-full").parameter("sslrootcert", "system");
        PGSimpleDataSource source = PgjdbcDataSource.of(settings.build(), false);
        assertThat(source.getSslfactory()).isEqualTo(DefaultJavaSSLFactory.class.getName());
        assertThatThrownBy(() -> PgjdbcDataSource.of(
                        settings.parameter("sslcert", "c.crt").build(), false))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("sslcert");
    }

    /** The driver sends Java's zone; the server's refusal names only the zone. */
    @Test
    void aTimeZoneThatTheServerDoesNotKnowIsJavas() {
        String zone = TimeZone.getDefault().getID();
        ConnectorException refusal = StartupRefusal.exception(
                "Opening",
                ConnectorSettings.builder().host("h").build(),
                "22023",
                "FATAL: invalid value for parameter \"TimeZone\": \"" + zone + "\"",
                null);
        assertThat(refusal).hasMessageContaining("-Duser.timezone");
        assertThat(refusal.isTransient()).isFalse();
    }
}
