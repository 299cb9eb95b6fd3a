package io.procrastinate.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Keeps the harness alive: a tiny run of this library and raw SQL only. */
class BenchmarksTest {

    @TempDir
    Path home;

    @Test
    void measuresReportsAndDraws() throws Exception {
        Files.createDirectories(home.resolve("src/main"));

        int status = new CommandLine(new Benchmarks())
                .execute(
                        "--quick",
                        "--measures=drain,work,fetch",
                        "--systems=pgjdbc,pgjdbc+logs,raw-pgjdbc",
                        "--jobs=200",
                        "--scale=0.001",
                        "--home=" + home,
                        "--name=test");

        assertThat(status).isZero();
        Path results = home.resolve("results/test");
        JsonNode ratios = JsonMapper.shared().readTree(Files.readString(results.resolve("ratios.json")));
        assertThat(ratios.get("notMeasured")).isEmpty();
        assertThat(ratios.get("figures")).anySatisfy(figure -> {
            assertThat(figure.at("/figure/measure").asString()).isEqualTo("drain");
            assertThat(figure.at("/systems/reference").asString()).isEqualTo("raw-pgjdbc");
            assertThat(figure.at("/systems/pgjdbc/median").asDouble()).isPositive();
        });
        assertThat(ratios.get("figures")).anySatisfy(figure -> {
            assertThat(figure.at("/figure/measure").asString()).isEqualTo("work");
            assertThat(figure.at("/figure/unit").asString()).isEqualTo("jobs/s");
            assertThat(figure.at("/systems/pgjdbc+logs/median").asDouble()).isPositive();
        });
        assertThat(home.resolve("target/benchmarks/pgjdbc+logs.log")).content().contains("Starting job noop[");
        assertThat(Files.readString(results.resolve("ratios.txt"))).contains("Targets", "50,000 behind 10 held locks");
        assertThat(results.resolve("drain-jobs-s.png")).isNotEmptyFile();
        assertThat(results.resolve("fetch-ms.png")).isNotEmptyFile();
    }

    @Test
    void refusesWhatItDoesNotKnow() {
        StringWriter errors = new StringWriter();

        int status = new CommandLine(new Benchmarks())
                .setErr(new PrintWriter(errors))
                .execute("--systems=pgjdbk");

        assertThat(status).isNotZero();
        assertThat(errors.toString()).contains("No system named 'pgjdbk'. Known: pgjdbc, vertx");
    }
}
