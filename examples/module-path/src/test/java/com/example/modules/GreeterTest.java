package com.example.modules;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.testing.PostgresServer;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The application runs in a separate process, with everything on the module path and no module added by hand. */
class GreeterTest {

    @ParameterizedTest
    @ValueSource(strings = {"vertx", "pgjdbc"})
    void connectorsAreFoundOnTheModulePathAndRunJobs(String connector) throws IOException {
        ConnectorSettings server = PostgresServer.shared().administration();
        Path target = Path.of("target");
        String modulePath = target.resolve("classes")
                + File.pathSeparator
                + Files.readString(target.resolve("module.path")).strip();
        ProcessBuilder java = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Dprocrastinate.connector=" + connector,
                "--module-path",
                modulePath,
                "--module",
                "com.example.modules/com.example.modules.Greeter",
                "postgresql://" + server.user() + "@" + server.host() + ":" + server.port() + "/" + server.database());
        java.environment().keySet().removeIf(name -> name.startsWith("PG") || name.startsWith("PROCRASTINATE_"));

        Process process = java.redirectErrorStream(true).start();
        try (InputStream output = process.getInputStream()) {
            assertThat(new String(output.readAllBytes(), StandardCharsets.UTF_8))
                    .contains("found: [vertx, pgjdbc, dbcp, jdbc]")
                    .contains("Hello, Ada Lovelace")
                    .contains("Hello again, Ada");
        }
    }
}
