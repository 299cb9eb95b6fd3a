package io.procrastinate.connector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.exception.ConnectorException;
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
        "postgresql://%C3%BC@h/%C3%A9, ü, , h, 5432, é",
        "POSTGRESQL://u:p@h:1/d, u, p, h, 1, d",
        "JDBC:PostgreSQL://u:p@h:1/d, u, p, h, 1, d",
        "jdbc:postgresql://h/?PGDBNAME=d&PGPORT=1&user=u, u, , h, 1, d"
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
                .url("postgresql://h/d?" + parameters + "&work_mem=x&sslcert=c")
                .build();

        assertThat(settings.sslMode()).isEqualTo("require");
        assertThat(settings.applicationName()).isEqualTo("a");
        assertThat(settings.connectTimeout()).isEqualTo(Duration.ofSeconds(3));
        assertThat(settings.schema()).isEqualTo("s");
        assertThat(settings.parameters()).containsExactly(Map.entry("sslcert", "c"));
        assertThat(settings.variables()).containsOnly(Map.entry("work_mem", "x"), Map.entry("search_path", "\"s\""));
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
                "postgresql://u:s3cret@h/d?gssencmode=sometimes",
                "postgresql://u:s3cret@h/d?options=-e",
                "postgresql://u:s3cret@h/d?client_encoding=LATIN1",
                "postgresql://u:s3cret@h/d?datestyle=German",
                "postgresql://u:s3cret@h/d?no%20name=1",
                "postgresql://u:s3cret@h/d?pgbouncer=maybe",
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
    void takesNoWhiteSpaceAroundAUrl() {
        assertThat(with(Map.of()).url(" postgresql://h/d?user=u\n").build().user())
                .isEqualTo("u");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "postgresql://u:p@a:1,b:2/d",
                "postgresql://a,b/d",
                "postgresql://a,[::1]:7/d",
                "postgresql:///d?host=a,b",
                "postgresql://h/d?port=1,2"
            })
    void saysThatSeveralHostsAreNotSupportedYet(String url) {
        assertThatThrownBy(() -> with(Map.of()).url(url).build())
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("A list of hosts is not supported yet");
    }

    @ParameterizedTest
    @CsvSource({
        "postgresql://h/d?connect_timeout=0",
        "postgresql://h/d?connect_timeout=-1",
        "jdbc:postgresql://h/d?connectTimeout=0",
        "jdbc:postgresql://h/d?loginTimeout=0"
    })
    void takesZeroSecondsForNoLimit(String url) {
        assertThat(with(Map.of()).url(url).build().connectTimeout()).isEqualTo(Duration.ofDays(24));
    }

    @ParameterizedTest
    @CsvSource({
        "postgresql://h/d?ssl=true, require",
        "jdbc:postgresql://h/d?ssl=true, verify-full",
        "jdbc:postgresql://h/d?ssl, verify-full",
        "jdbc:postgresql://h/d?sslmode=require&ssl=true, require",
        "postgresql://h/d?ssl=false, prefer",
        "postgresql://h/d?sslrootcert=system, verify-full",
        "postgresql://h/d?sslmode=require&sslrootcert=r.crt, verify-ca",
        "postgresql://h/d?requiressl=1, require"
    })
    void readsTheModeOfEncryption(String url, String mode) {
        assertThat(with(Map.of()).url(url).build().sslMode()).isEqualTo(mode);
    }

    @Test
    void completesCertificatesAsLibpqDoes() throws Exception {
        assertThatThrownBy(() -> with(Map.of()).sslMode("verify-ca").build()).hasMessageContaining("sslrootcert");
        assertThatThrownBy(() -> with(Map.of("PGSSLROOTCERT", "system"))
                        .sslMode("require")
                        .build())
                .hasMessageContaining("verify-full");
        Path certificates = Files.createDirectory(home.resolve(".postgresql"));
        for (String name : new String[] {"root.crt", "postgresql.crt", "postgresql.key"}) {
            Files.writeString(certificates.resolve(name), "");
        }

        assertThat(with(Map.of()).sslMode("verify-ca").build().parameters())
                .containsOnly(
                        Map.entry(
                                "sslrootcert", certificates.resolve("root.crt").toString()),
                        Map.entry(
                                "sslcert",
                                certificates.resolve("postgresql.crt").toString()),
                        Map.entry(
                                "sslkey", certificates.resolve("postgresql.key").toString()));
        assertThat(with(Map.of()).sslMode("disable").build().parameters()).isEmpty();
        assertThat(with(Map.of()).sslMode("require").build().sslMode()).isEqualTo("verify-ca");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "s | s | \"s\"",
                "Sales | sales | \"sales\"",
                "\"Sales, \"\"x\"\"\" | Sales, \"x\" | \"Sales, \"\"x\"\"\"",
                "public,pg_catalog | | public,pg_catalog",
                "\"$user\", public | | \"$user\", public"
            })
    void readsASearchPathAsTheServerDoes(String path, String schema, String sent) {
        for (String name : new String[] {"search_path", "currentSchema"}) {
            ConnectorSettings settings = with(Map.of()).parameter(name, path).build();
            assertThat(settings.schema()).isEqualTo(schema);
            assertThat(settings.variables()).containsExactly(Map.entry("search_path", sent));
            assertThat(settings.toBuilder().build()).isEqualTo(settings);
        }
    }

    @Test
    void takesASchemaForOneNameWhateverItIs() {
        ConnectorSettings settings = with(Map.of("PGOPTIONS", "-c search_path=a,b"))
                .schema("My, \"Odd\"")
                .build();
        assertThat(settings.schema()).isEqualTo("My, \"Odd\"");
        assertThat(settings.variables()).containsExactly(Map.entry("search_path", "\"My, \"\"Odd\"\"\""));
        assertThat(settings.toBuilder().parameter("search_path", "a,b").build().schema())
                .isNull();
    }

    @Test
    void readsOptionsAsTheServerDoes() {
        ConnectorSettings settings = with(Map.of())
                .parameter(
                        "options",
                        " -c search_path=queue\t-cwork_mem=5MB --lock-timeout=7s  -c acme.note=two\\ words\\\\ ")
                .build();
        assertThat(settings.schema()).isEqualTo("queue");
        assertThat(settings.variables())
                .containsOnly(
                        Map.entry("search_path", "\"queue\""),
                        Map.entry("work_mem", "5MB"),
                        Map.entry("lock_timeout", "7s"),
                        Map.entry("acme.note", "two words\\"));
        assertThat(ServerVariables.parse(ServerVariables.options(settings.variables())))
                .isEqualTo(settings.variables());
    }

    @ParameterizedTest
    @CsvSource({
        "targetServerType, primary, target_session_attrs, read-write",
        "tcpKeepAlive, false, keepalives, 0",
        "loadBalanceHosts, true, load_balance_hosts, random",
        "channelBinding, require, channel_binding, require",
        "ssl.ca.certificate.file, r, sslrootcert, r",
        "kerberosServerName, p, krbsrvname, p"
    })
    void knowsOtherSpellingsByLibpqsNames(String given, String value, String name, String meant) {
        assertThat(with(Map.of()).parameter(given, value).build().parameters()).containsExactly(Map.entry(name, meant));
    }

    @Test
    void knowsWhatOthersCallPoolersAndSchemas() {
        ConnectorSettings settings = with(Map.of())
                .url("postgresql://h/d?pgbouncer=true&schema=Queue")
                .build();
        assertThat(settings.preparedStatements()).isFalse();
        assertThat(settings.schema()).isEqualTo("Queue");
        assertThat(with(Map.of())
                        .url("jdbc:postgresql://h/d?prepareThreshold=0")
                        .build()
                        .preparedStatements())
                .isFalse();
    }

    @Test
    void connectsToTheAddressAndFindsThePasswordByTheName() throws Exception {
        Files.writeString(home.resolve(".pgpass"), "h:*:*:*:secret\n");
        ConnectorSettings settings =
                with(Map.of("PGHOSTADDR", "10.0.0.7")).host("h").build();
        assertThat(settings.host()).isEqualTo("10.0.0.7");
        assertThat(settings.password()).isEqualTo("secret");
        assertThatThrownBy(() -> with(Map.of("PGHOSTADDR", "10.0.0.7"))
                        .host("h")
                        .sslMode("verify-full")
                        .build())
                .hasMessageContaining("hostaddr");
    }

    @Test
    void readsEveryVariableOfLibpq() {
        ConnectorSettings settings = with(Map.of(
                        "PGOPTIONS", "-c search_path=queue -c work_mem=5MB",
                        "PGTZ", "UTC",
                        "PGDATESTYLE", "ISO, DMY",
                        "PGGEQO", "off",
                        "PGSSLROOTCERT", "r.crt",
                        "PGSSLMODE", "verify-full",
                        "PGCHANNELBINDING", "require",
                        "PGTARGETSESSIONATTRS", "read-write",
                        "PGGSSENCMODE", "disable",
                        "PGCLIENTENCODING", "UTF8"))
                .build();
        assertThat(settings.schema()).isEqualTo("queue");
        assertThat(settings.variables())
                .containsOnly(
                        Map.entry("search_path", "\"queue\""),
                        Map.entry("work_mem", "5MB"),
                        Map.entry("timezone", "UTC"),
                        Map.entry("datestyle", "ISO, DMY"),
                        Map.entry("geqo", "off"));
        assertThat(settings.parameters())
                .containsOnly(
                        Map.entry("sslrootcert", "r.crt"),
                        Map.entry("channel_binding", "require"),
                        Map.entry("target_session_attrs", "read-write"),
                        Map.entry("gssencmode", "disable"));
    }

    @Test
    void readsTheWholeServiceAndTheSystemsFile() throws Exception {
        Path system = Files.createDirectory(home.resolve("etc"));
        Files.writeString(
                system.resolve("pg_service.conf"),
                "[mine]\nhost=h\nhost=second\noptions=-c search_path=queue\nsslcert=c.crt\nsslmode=disable\n"
                        + "fallback_application_name=fallback\npassfile=" + home.resolve("pw") + "\n[mine]\nport=9\n");
        Files.writeString(home.resolve("pw"), "h:*:*:*:of the file\n");
        ConnectorSettings settings = with(Map.of("PGSYSCONFDIR", system.toString()))
                .url("postgresql://?service=mine")
                .build();
        assertThat(settings.target()).startsWith("h:5432/");
        assertThat(settings.schema()).isEqualTo("queue");
        assertThat(settings.parameters()).containsExactly(Map.entry("sslcert", "c.crt"));
        assertThat(settings.applicationName()).isEqualTo("fallback");
        assertThat(settings.password()).isEqualTo("of the file");
    }

    @Test
    void refusesByNameWhatAConnectorDoesNotHonour() {
        ConnectorSettings settings = with(Map.of("PGCHANNELBINDING", "require"))
                .parameter("gssencmode", "disable")
                .build();
        assertThatThrownBy(() -> ParameterSupport.NONE.require("acme", settings))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContainingAll("'acme'", "'channel_binding'", "PGCHANNELBINDING", "'require'");
        ParameterSupport.NONE.with("channel_binding", "require").require("acme", settings);
        assertThatThrownBy(() -> ParameterSupport.NONE.require(
                        "acme", with(Map.of()).parameter("sslpassword", SECRET).build()))
                .hasMessageContaining("'sslpassword'")
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
                .url("postgresql://u:p@h:1/d?application_name=a&search_path=s&x=y&gsslib=gssapi")
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
