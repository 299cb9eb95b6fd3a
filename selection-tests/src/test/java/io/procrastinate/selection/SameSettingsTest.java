package io.procrastinate.selection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.procrastinate.adapter.Connectors;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.exception.ConnectorException;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Settings and libpq's environment mean the same to every connector that makes connections of its own, on a server with
 * encryption and passwords.
 */
class SameSettingsTest {

    private static final String PASSWORD = "s3c:ret \\word";

    @TempDir
    private static Path folder;

    private static EmbeddedPostgres server;
    private static Path certificate;
    private static Path othersCertificate;

    @BeforeAll
    static void start() throws Exception {
        Path key = folder.resolve("server.key");
        certificate = certify("server", key);
        othersCertificate = certify("other", folder.resolve("other.key"));
        server = EmbeddedPostgres.builder()
                .setServerConfig("ssl", "on")
                .setServerConfig("ssl_cert_file", certificate.toString())
                .setServerConfig("ssl_key_file", key.toString())
                .start();
        try (Connection connection = server.getPostgresDatabase().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("SET password_encryption = 'scram-sha-256'");
            statement.execute("CREATE ROLE keeper LOGIN PASSWORD '" + PASSWORD + "'");
            statement.execute("CREATE DATABASE kept OWNER keeper");
            try (ResultSet rules = statement.executeQuery("SHOW hba_file")) {
                rules.next();
                Files.writeString(
                        Path.of(rules.getString(1)),
                        "host all postgres all trust\nhost all keeper all scram-sha-256\n");
            }
            statement.execute("SELECT pg_reload_conf()");
        }
    }

    @AfterAll
    static void stop() throws IOException {
        server.close();
    }

    /** Creates a key and a self-signed certificate for localhost, and returns the certificate's path. */
    private static Path certify(String name, Path key) throws Exception {
        Path store = folder.resolve(name + ".p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        name,
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "san=dns:localhost",
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        "changeit",
                        "-keystore",
                        store.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(keytool.waitFor()).as(said).isZero();
        return exported(name, store, key);
    }

    private static Path exported(String name, Path store, Path key) throws IOException, GeneralSecurityException {
        char[] password = "changeit".toCharArray();
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream content = Files.newInputStream(store)) {
            keys.load(content, password);
        }
        Files.createFile(key, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(key, pem("PRIVATE KEY", keys.getKey(name, password).getEncoded()));
        return Files.writeString(
                folder.resolve(name + ".crt"),
                pem("CERTIFICATE", keys.getCertificate(name).getEncoded()));
    }

    private static String pem(String kind, byte[] content) {
        return "-----BEGIN " + kind + "-----\n" + Base64.getMimeEncoder().encodeToString(content) + "\n-----END " + kind
                + "-----\n";
    }

    static Stream<String> connectors() {
        return Connectors.names().stream()
                .filter(name -> Connectors.named(
                                name, ConnectorSettings.builder().build())
                        .capabilities()
                        .contains(Capability.OWN_POOL));
    }

    @ParameterizedTest
    @MethodSource("connectors")
    void theSslModesAreThoseOfLibpq(String connector) {
        assertThat(connectors()).hasSizeGreaterThan(2);
        assertThat(encrypted(connector, settings("disable"))).isFalse();
        assertThat(encrypted(connector, settings("allow"))).isFalse();
        assertThat(encrypted(connector, settings("prefer"))).isTrue();
        assertThat(encrypted(connector, settings("require"))).isTrue();
        assertThat(encrypted(connector, settings("verify-ca").parameter("sslrootcert", certificate.toString())))
                .isTrue();
        assertThat(encrypted(connector, settings("verify-full").parameter("sslrootcert", certificate.toString())))
                .isTrue();
    }

    @ParameterizedTest
    @MethodSource("connectors")
    void whoeverIsNotTrustedIsRefused(String connector) {
        for (String mode : List.of("verify-ca", "verify-full")) {
            assertRefused(connector, settings(mode).parameter("sslrootcert", othersCertificate.toString()));
        }
        ConnectorSettings.Builder byAddress =
                settings("verify-full").host("127.0.0.1").parameter("sslrootcert", certificate.toString());
        assertRefused(connector, byAddress);
        assertThat(encrypted(connector, byAddress.sslMode("verify-ca"))).isTrue();
    }

    @ParameterizedTest
    @MethodSource("connectors")
    void whoeverIsNotTrustedByAFileMustBeTrustedByJava(String connector) {
        assertRefused(connector, settings("verify-full"));
        assertRefused(connector, settings("verify-full").parameter("sslrootcert", "system"));
    }

    @ParameterizedTest
    @MethodSource("connectors")
    void aCertificateToTrustIsAskedForWhereverEncryptionIs(String connector) {
        assertThat(encrypted(connector, settings("require").parameter("sslrootcert", certificate.toString())))
                .isTrue();
        assertRefused(connector, settings("require").parameter("sslrootcert", othersCertificate.toString()));
    }

    private static ConnectorSettings.Builder settings(String sslMode) {
        return ConnectorSettings.builder()
                .host("localhost")
                .port(server.getPort())
                .database("kept")
                .user("keeper")
                .password(PASSWORD)
                .sslMode(sslMode);
    }

    private static boolean encrypted(String connector, ConnectorSettings.Builder settings) {
        return SettingsProbe.ask(connector, settings.build()).endsWith(" encrypted");
    }

    private static void assertRefused(String connector, ConnectorSettings.Builder settings) {
        assertThatExceptionOfType(ConnectorException.class)
                .as(settings.build().toString())
                .isThrownBy(() -> SettingsProbe.ask(connector, settings.build()));
    }

    @Test
    void theVariablesAreThoseOfLibpq() throws Exception {
        Map<String, String> variables = Map.of(
                "PGHOST",
                "localhost",
                "PGPORT",
                String.valueOf(server.getPort()),
                "PGDATABASE",
                "kept",
                "PGUSER",
                "keeper",
                "PGPASSWORD",
                PASSWORD,
                "PGSSLMODE",
                "require",
                "PGAPPNAME",
                "of the environment",
                "PGCONNECT_TIMEOUT",
                "20",
                "PGOPTIONS",
                "-c search_path=queue",
                Connectors.VARIABLE,
                "pgjdbc-ng");
        assertThat(probe(variables))
                .containsExactly(expected("'of the environment' in \"queue\" encrypted", "variable: pgjdbc-ng"));
    }

    @Test
    void theServiceAndThePasswordStandInFilesOfLibpq() throws Exception {
        Path services = Files.writeString(
                folder.resolve("services"),
                "[keeping]\nhost=localhost\nport=" + server.getPort()
                        + "\ndbname=kept\nuser=keeper\nsslmode=verify-full\nsslrootcert=" + certificate
                        + "\noptions=-c search_path=queue,pg_catalog\napplication_name=of the service\n");
        Path passwords = Files.writeString(
                folder.resolve("passwords"),
                "localhost:" + server.getPort() + ":kept:keeper:"
                        + PASSWORD.replace("\\", "\\\\").replace(":", "\\:") + "\n");
        Map<String, String> variables = Map.of(
                "PGSERVICE", "keeping", "PGSERVICEFILE", services.toString(), "PGPASSFILE", passwords.toString());

        assertThat(probe(variables))
                .containsExactly(expected("'of the service' in queue,pg_catalog encrypted", "best: vertx"));
    }

    private static String[] expected(String session, String chosen) {
        return Stream.concat(
                        connectors().map(name -> name + ": keeper at kept as " + session),
                        Stream.of("chosen by " + chosen, "chosen by property: jdbc"))
                .toArray(String[]::new);
    }

    /** The output of a process with only these variables. */
    private static List<String> probe(Map<String, String> variables) throws Exception {
        Path log = Files.createTempFile(folder, "probe", ".log");
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                SettingsProbe.class.getName());
        builder.environment().keySet().removeIf(name -> name.startsWith("PG") || name.equals(Connectors.VARIABLE));
        builder.environment().putAll(variables);
        Process probe =
                builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
        int code = probe.waitFor();
        assertThat(code).as(Files.readString(log)).isZero();
        return Files.readAllLines(log).stream()
                .filter(line -> line.startsWith(SettingsProbe.MARK))
                .map(line -> line.substring(SettingsProbe.MARK.length()))
                .toList();
    }
}
