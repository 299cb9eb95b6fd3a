package io.procrastinate.connector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.exception.SettingsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConnectorSettingsTest {

    private static final String SECRET = "s3cret";

    @TempDir
    Path home;

    @ParameterizedTest
    @CsvSource({
        "postgresql://u:p@h:1/d, u, p, h, 1, d",
        "postgres://u:p@h:1/d, u, p, h, 1, d",
        "jdbc:postgresql://u:p@h:1/d, u, p, h, 1, d",
        "jdbc:postgresql://h:1/d?user=u&password=p, u, p, h, 1, d",
        "postgresql://h/d, me, , h, 5432, d",
        "postgresql://h, me, , h, 5432, me",
        "postgresql://u@h, u, , h, 5432, u",
        "postgresql://u@/d, u, , localhost, 5432, d",
        "postgresql:///d, me, , localhost, 5432, d",
        "postgresql://?host=h&port=1&dbname=d&user=u&password=p, u, p, h, 1, d",
        "postgresql://u%40x:p%3A%2F%25+@h/d%20d, u@x, p:/%+, h, 5432, d d",
        "postgresql://u:@h/d, u, , h, 5432, d",
        "postgresql://u:p@[::1]:1/d, u, p, ::1, 1, d",
        "postgresql://[fe80::1%25eth0]/d, me, , fe80::1%eth0, 5432, d",
        "postgresql://%C3%BC@h/%C3%A9, ü, , h, 5432, é"
    })
    void readsUrls(String url, String user, String password, String host, int port, String database) {
        ConnectorSettings settings = with(Map.of("PGUSER", "me")).url(url).build();

        assertThat(settings.user()).isEqualTo(user);
        assertThat(settings.password()).isEqualTo(password);
        assertThat(settings.host()).isEqualTo(host);
        assertThat(settings.port()).isEqualTo(port);
        assertThat(settings.database()).isEqualTo(database);
    }

    @ParameterizedTest
    @CsvSource({
        "sslmode=require&application_name=a&connect_timeout=3&search_path=s",
        "sslMode=require&ApplicationName=a&connectTimeout=3&currentSchema=s"
    })
    void knowsTheParametersOfLibpqAndOfTheDriver(String parameters) {
        ConnectorSettings settings = with(Map.of())
                .url("postgresql://h/d?" + parameters + "&other=x")
                .build();

        assertThat(settings.sslMode()).isEqualTo("require");
        assertThat(settings.applicationName()).isEqualTo("a");
        assertThat(settings.connectTimeout()).isEqualTo(Duration.ofSeconds(3));
        assertThat(settings.schema()).isEqualTo("s");
        assertThat(settings.parameters()).containsExactly(Map.entry("other", "x"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "h/d",
                "mysql://u:s3cret@h/d",
                "jdbc:postgresql:d",
                "postgresql://u:s3cret@h:port/d",
                "postgresql://u:s3cret@x@h/d",
                "postgresql://u:1/s3cret@h/d",
                "postgresql://u:s3cret@h/d?flag",
                "postgresql://u:s3cret%@h/d",
                "postgresql://u:s3cret%zz@h/d",
                "postgresql://u:s3cret@a,b/d",
                "postgresql://u:s3cret@h:99999/d",
                "postgresql://u:s3cret@h:0/d",
                "postgresql://u:s3cret@h/d?port=x",
                "postgresql://u:s3cret@h/d?connect_timeout=0",
                "postgresql://u:s3cret@%2Ftmp/d"
            })
    void refusesOtherUrlsWithoutRepeatingASecret(String url) {
        assertThatThrownBy(() -> with(Map.of()).url(url).build())
                .isInstanceOf(SettingsException.class)
                .hasMessageNotContaining(SECRET);
        assertThatThrownBy(() -> with(Map.of()).host("h").listenUrl("mysql://u:s3cret@h/d"))
                .isInstanceOf(SettingsException.class)
                .hasMessageNotContaining(SECRET);
    }

    @Test
    void hasDefaults() {
        ConnectorSettings settings = with(Map.of()).build();

        assertThat(settings.host()).isEqualTo("localhost");
        assertThat(settings.port()).isEqualTo(5432);
        assertThat(settings.user()).isEqualTo(System.getProperty("user.name"));
        assertThat(settings.database()).isEqualTo(settings.user());
        assertThat(settings.password()).isNull();
        assertThat(settings.sslMode()).isEqualTo("prefer");
        assertThat(settings.applicationName()).isEqualTo("procrastinate");
        assertThat(settings.schema()).isNull();
        assertThat(settings.poolSize()).isEqualTo(10);
        assertThat(settings.connectTimeout()).isEqualTo(Duration.ofSeconds(10));
        assertThat(settings.statementTimeout()).isEqualTo(Duration.ofSeconds(30));
        assertThat(settings.preparedStatements()).isTrue();
        assertThat(settings.listenUrl()).isNull();
        assertThat(settings.parameters()).isEmpty();
        assertThat(settings.target()).isEqualTo("localhost:5432/" + settings.user());
    }

    @Test
    void readsTheEnvironmentForWhatIsNotSet() {
        Map<String, String> variables = Map.of(
                "PGHOST", "eh",
                "PGPORT", "7",
                "PGDATABASE", "ed",
                "PGUSER", "eu",
                "PGPASSWORD", "ep",
                "PGSSLMODE", "disable",
                "PGAPPNAME", "ea",
                "PGCONNECT_TIMEOUT", "9");

        ConnectorSettings settings = with(variables).build();
        assertThat(settings.target()).isEqualTo("eh:7/ed");
        assertThat(settings.user()).isEqualTo("eu");
        assertThat(settings.password()).isEqualTo("ep");
        assertThat(settings.sslMode()).isEqualTo("disable");
        assertThat(settings.applicationName()).isEqualTo("ea");
        assertThat(settings.connectTimeout()).isEqualTo(Duration.ofSeconds(9));

        ConnectorSettings set = with(variables).url("postgresql://u:p@h:1/d").build();
        assertThat(set.target()).isEqualTo("h:1/d");
        assertThat(set.user()).isEqualTo("u");
        assertThat(set.password()).isEqualTo("p");
        assertThat(set.applicationName()).isEqualTo("ea");
    }

    @Test
    void takesAnEmptyVariableForNone() {
        assertThat(with(Map.of("PGHOST", "", "PGPORT", "", "PGSERVICE", ""))
                        .build()
                        .host())
                .isEqualTo("localhost");
    }

    @ParameterizedTest
    @CsvSource({
        "PGPORT, x, port",
        "PGPORT, 0, port",
        "PGCONNECT_TIMEOUT, soon, connect_timeout",
        "PGHOST, /tmp, host",
        "PGSSLMODE, no, sslmode"
    })
    void namesWhatIsWrongInTheEnvironment(String variable, String value, String named) {
        assertThatThrownBy(() -> with(Map.of(variable, value)).build())
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining(named)
                .hasMessageContaining(value);
    }

    @Test
    void readsAServiceBeforeTheVariables() throws Exception {
        Files.writeString(
                home.resolve(".pg_service.conf"),
                "# all\n[other]\nhost=no\n[mine]\nhost = sh\n#port=1\nport=77\ndbname=sd\nuser=su\npassword=sp\n");
        Map<String, String> variables = Map.of("PGSERVICE", "mine", "PGHOST", "eh", "PGAPPNAME", "ea");

        ConnectorSettings settings = with(variables).build();

        assertThat(settings.target()).isEqualTo("sh:77/sd");
        assertThat(settings.user()).isEqualTo("su");
        assertThat(settings.password()).isEqualTo("sp");
        assertThat(settings.applicationName()).isEqualTo("ea");
        assertThat(with(variables).host("h").build().target()).isEqualTo("h:77/sd");
    }

    @Test
    void readsTheServiceFileThatIsNamed() throws Exception {
        Path file = home.resolve("services");
        Files.writeString(file, "[mine]\nhost=sh\n");

        assertThat(with(Map.of("PGSERVICE", "mine", "PGSERVICEFILE", file.toString()))
                        .build()
                        .host())
                .isEqualTo("sh");
        assertThatThrownBy(() -> with(Map.of("PGSERVICE", "other", "PGSERVICEFILE", file.toString()))
                        .build())
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("'other'")
                .hasMessageContaining(file.toString());
        assertThatThrownBy(() -> with(Map.of("PGSERVICE", "mine")).build()).isInstanceOf(SettingsException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "h, 1, d, u, first",
        "h, 2, d, u, any port",
        "h, 1, d, other, co:lon",
        "a:b, 1, d, x, escaped",
        "z, 1, d, u, "
    })
    void readsThePasswordFile(String host, int port, String database, String user, String password) throws Exception {
        Files.writeString(
                home.resolve(".pgpass"),
                "#h:1:d:u:comment\nh:1:d:u:first\nh:*:d:u:any port\nh:1:d:*:co\\:lon\na\\:b:*:*:*:escaped\nshort:line\n");

        ConnectorSettings settings = with(Map.of())
                .host(host)
                .port(port)
                .database(database)
                .user(user)
                .build();

        assertThat(settings.password()).isEqualTo(password);
    }

    @Test
    void readsThePasswordFileThatIsNamedUnlessThereIsAPassword() throws Exception {
        Path file = home.resolve("passwords");
        Files.writeString(file, "*:*:*:*:from file\n");
        Map<String, String> variables = Map.of("PGPASSFILE", file.toString());

        assertThat(with(variables).build().password()).isEqualTo("from file");
        assertThat(with(variables).password("set").build().password()).isEqualTo("set");
        assertThat(with(Map.of("PGPASSFILE", home.resolve("missing").toString()))
                        .build()
                        .password())
                .isNull();
    }

    @Test
    void refusesWhatIsOutOfRange() {
        assertRefused(with(Map.of()).port(65536), "port");
        assertRefused(with(Map.of()).port(0), "port");
        assertRefused(with(Map.of()).poolSize(0), "pool size");
        assertRefused(with(Map.of()).connectTimeout(Duration.ZERO), "connect time-out");
        assertRefused(with(Map.of()).statementTimeout(Duration.ofSeconds(-1)), "statement time-out");
        assertRefused(with(Map.of()).host(" "), "host");
        assertRefused(with(Map.of()).sslMode("sometimes"), "verify-full");
        assertThat(with(Map.of()).port(65535).poolSize(1).build().port()).isEqualTo(65535);
    }

    @Test
    void showsNoSecret() {
        ConnectorSettings settings = with(Map.of())
                .url("postgresql://u:s3cret@h/d?sslpassword=s3cret")
                .listenUrl("postgresql://u:s3cret@h2/d")
                .build();

        assertThat(settings.toString())
                .doesNotContain(SECRET)
                .contains("u@h:5432/d", "password=***", "listenUrl=***", "parameters=[sslpassword]");
        assertThat(with(Map.of()).build().toString()).contains("password=none", "listenUrl=none");
    }

    @Test
    void variesWithTheRestAsItWas() {
        ConnectorSettings settings = with(Map.of())
                .url("postgresql://u:p@h:1/d?application_name=a&search_path=s&x=y")
                .sslMode("disable")
                .poolSize(3)
                .connectTimeout(Duration.ofSeconds(1))
                .statementTimeout(Duration.ofSeconds(2))
                .preparedStatements(false)
                .listenUrl("postgresql://h2/d")
                .build();

        assertThat(settings.toBuilder().build()).isEqualTo(settings);
        assertThat(settings.toBuilder().poolSize(4).build().poolSize()).isEqualTo(4);
    }

    @Test
    void theDefaultsAreThoseOfAnEmptyEnvironment() {
        ConnectorSettings defaults = ConnectorSettings.defaults();

        assertThat(defaults.target()).isEqualTo("localhost:5432/" + System.getProperty("user.name"));
        assertThat(defaults.password()).isNull();
        assertThat(defaults.applicationName()).isEqualTo("procrastinate");
    }

    @Test
    void listensWhereTheListenUrlLeads() {
        ConnectorSettings same = with(Map.of()).url("postgresql://u:p@h:1/d").build();
        assertThat(same.forListening()).isSameAs(same);

        ConnectorSettings other = same.toBuilder()
                .schema("s")
                .applicationName("a")
                .listenUrl("postgresql://h2:2/d2")
                .build()
                .forListening();
        assertThat(other.target()).isEqualTo("h2:2/d2");
        assertThat(other.user()).isEqualTo("u");
        assertThat(other.password()).isEqualTo("p");
        assertThat(other.schema()).isEqualTo("s");
        assertThat(other.applicationName()).isEqualTo("a");

        ConnectorSettings own = same.toBuilder()
                .listenUrl("postgresql://u2:p2@h2/d2?search_path=s2")
                .build()
                .forListening();
        assertThat(own.user()).isEqualTo("u2");
        assertThat(own.password()).isEqualTo("p2");
        assertThat(own.schema()).isEqualTo("s2");
    }

    private ConnectorSettings.Builder with(Map<String, String> variables) {
        return ConnectorSettings.builder(new LibpqEnvironment(variables, home));
    }

    private static void assertRefused(ConnectorSettings.Builder builder, String named) {
        assertThatThrownBy(builder::build).isInstanceOf(SettingsException.class).hasMessageContaining(named);
    }
}
