package io.procrastinate.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.adapter.Connectors;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuickstartTest {

    private static final String COUNTS =
            "SELECT task_name, status, count(*) FROM procrastinate_jobs GROUP BY 1, 2" + " ORDER BY 1, 2";

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    static Stream<String> connectors() {
        return Connectors.names().stream();
    }

    @ParameterizedTest
    @MethodSource("connectors")
    void tellsWhatEachNotableJobDid(String connector) {
        TestDatabase database = TestDatabase.withSchema();

        int status = run("--url", database.url(), "--connector", connector);

        assertThat(err()).isEmpty();
        assertThat(status).isZero();
        assertThat(out())
                .contains("connector " + connector + ": named by --connector")
                .contains("job 1 sum(a=1, b=1) = 2")
                .contains("job 3 sum(a=5, b=7) = 12")
                .contains("job 1004 remind(text='water the plants') = time to water the plants")
                .contains(
                        "job 1005 download(file='report.pdf') failed, runs again: IOException: no connection on run 1")
                .contains(
                        "job 1005 download(file='report.pdf') failed, runs again: IOException: no connection on run 2")
                .contains("job 1005 download(file='report.pdf') = report.pdf on run 3")
                .containsPattern("(?s)job 1006 transfer\\(.*\\) done.*job 1007 transfer\\(.*\\) done")
                .containsPattern("from defer to start on the idle worker: \\d+\\.\\d ms")
                .containsPattern("square +0 +0 +1,000 +0 +0 +0")
                .contains("Everything ended as it should.");
        assertThat(database.rows(COUNTS))
                .filteredOn(row -> !row.startsWith("ping "))
                .containsExactly(
                        "download succeeded 1",
                        "remind succeeded 1",
                        "square succeeded 1000",
                        "sum succeeded 3",
                        "transfer succeeded 2");
        assertThat(database.rows("SELECT attempts FROM procrastinate_jobs WHERE task_name = 'download'"))
                .containsExactly("3");
        assertThat(database.rows("SELECT count(*) FROM procrastinate_workers")).containsExactly("0");
    }

    @Test
    void startsAServerOfItsOwn() {
        assertThat(run()).isZero();

        assertThat(out())
                .contains("starting an embedded PostgreSQL")
                .containsPattern("connector \\S+: the best one found, before ")
                .contains("applied the schema")
                .contains("Everything ended as it should.");
    }

    @Test
    void refusesADatabaseWithoutTheSchemaUnlessItMayMakeIt() {
        TestDatabase database = TestDatabase.empty();

        assertThat(run("--url", database.url())).isEqualTo(1);
        assertThat(err()).contains("has no schema").contains("--apply-schema");
        assertThat(database.rows("SELECT to_regclass('procrastinate_jobs') IS NULL"))
                .containsExactly("t");

        assertThat(run("--url=" + database.url(), "--apply-schema")).isZero();
        assertThat(out()).contains("applied the schema");
    }

    @Test
    void leavesTheJobsOfOthersAlone() {
        TestDatabase database = TestDatabase.withSchema();
        database.execute("INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('default', 'sum')");

        assertThat(run("--url", database.url())).isZero();

        assertThat(database.rows("SELECT status, attempts FROM procrastinate_jobs WHERE queue_name = 'default'"))
                .containsExactly("todo 0");
    }

    @Test
    void failsLoudlyWhenAJobDoesNotEndAsExpected() {
        TestDatabase database = TestDatabase.withSchema();
        database.execute("""
                CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN NEW.args := '{"amount": 1, "account": {}}'; RETURN NEW; END $$;
                CREATE TRIGGER spoil BEFORE INSERT ON procrastinate_jobs
                   FOR EACH ROW WHEN (NEW.task_name = 'transfer') EXECUTE FUNCTION spoil()
                """);

        assertThat(run("--url", database.url())).isEqualTo(1);

        assertThat(out()).contains("job 1006 transfer(").doesNotContain("Everything ended as it should");
        assertThat(err()).contains("The quickstart failed. Not succeeded but failed: transfer[1006]");
    }

    @Test
    void saysSoWhenThereIsNoServer() {
        assertThat(run("--url", "postgresql://127.0.0.1:1/nothing")).isEqualTo(1);

        assertThat(err()).startsWith("The quickstart failed. ").contains("127.0.0.1:1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--nonsense",
                "extra",
                "--url",
                "--url http://example.com",
                "--connector",
                "--connector oracle",
                "--help=yes"
            })
    void explainsItsOptionsWhenTheyAreWrong(String line) {
        assertThat(run(line.split(" "))).isEqualTo(2);

        assertThat(err()).contains("Usage: ./quickstart");
        assertThat(out()).isEmpty();
    }

    @Test
    void explainsItselfWhenAsked() {
        assertThat(run("--help")).isZero();

        assertThat(out()).contains("Usage: ./quickstart", "pgjdbc", "Exit status");
        assertThat(err()).isEmpty();
    }

    @Test
    void namesTheConnectorsThatAreFound() {
        assertThat(run("--connector", "oracle")).isEqualTo(2);

        assertThat(err()).contains("No connector named 'oracle'. Found: " + List.copyOf(Connectors.names()));
    }

    private int run(String... args) {
        return new QuickstartCommand(
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8))
                .run(args);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }
}
