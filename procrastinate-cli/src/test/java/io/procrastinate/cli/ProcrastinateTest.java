package io.procrastinate.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class ProcrastinateTest {

    private static final String APP = ProcrastinateTest.class.getName();
    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final EmbeddedPostgres SERVER = start();
    private static String url = "";

    private final Map<String, String> environment = new HashMap<>();
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private static EmbeddedPostgres start() {
        try {
            return EmbeddedPostgres.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The app that the command line names. */
    static App app() {
        App app = App.builder().url(url).build();
        app.task("sum").call(args -> "summed");
        app.task("once").queueingLock("once").run(args -> {});
        return app;
    }

    static String noApp() {
        return "not an app";
    }

    @BeforeAll
    @AfterAll
    static void noUrl() {
        url = "";
    }

    @BeforeEach
    void freshDatabase() throws SQLException {
        String name = "cli_" + NUMBER.incrementAndGet();
        try (Connection connection = SERVER.getPostgresDatabase().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE DATABASE " + name);
        }
        url = "postgresql://postgres@localhost:" + SERVER.getPort() + "/" + name;
    }

    @Test
    void appliesReadsAndChecksTheSchema() {
        assertThat(run("--url", url, "schema", "--check")).isEqualTo(1);
        assertThat(err.toString()).contains("schema");
        assertThat(run("--url", url, "schema")).isZero();
        assertThat(run("--url", url, "schema", "--check")).isZero();
        assertThat(out.toString()).contains("Schema: V3_4");
        assertThat(run("--url", url, "schema", "--apply")).isEqualTo(1);
        assertThat(run("schema", "--read")).isZero();
        assertThat(out.toString()).contains("CREATE TABLE procrastinate_jobs");
    }

    @Test
    void healthchecksSayWhatIsWellAndWhatIsNot() {
        assertThat(run("--app", APP, "healthchecks")).isEqualTo(1);
        assertThat(out.toString()).isEqualToIgnoringNewLines("App configuration: OK\nDB connection: OK\n");
        assertThat(err.toString())
                .isEqualToIgnoringNewLines("Connection to the database works but the procrastinate_jobs table was not"
                        + " found. Have you applied database migrations (see `procrastinate schema -h`)?\n");
        run("--url", url, "schema");
        out.getBuffer().setLength(0);
        assertThat(run("--app", APP, "healthchecks")).isZero();
        assertThat(out.toString())
                .isEqualToIgnoringNewLines(
                        "App configuration: OK\nDB connection: OK\nFound procrastinate_jobs table: OK\n");
    }

    @Test
    void defersAndWorksJobs() {
        run("--app", APP, "schema");
        assertThat(run("--app", APP, "defer", "sum", "{\"a\": 5, \"b\": [1, null]}", "--priority", "3"))
                .isZero();
        assertThat(err.toString()).contains("Launching a job: sum(a=5, b=[1, null])");
        assertThat(run("--app", APP, "defer", "sum", "--in", "3600", "--queue", "later"))
                .isZero();
        assertThat(run("--app", APP, "worker", "--one-shot", "-q", "default,other"))
                .isZero();
        assertThat(err.toString()).contains("Launching a worker on default, other");
        assertThat(run("--url", url, "shell", "list_jobs details", "list_queues"))
                .isZero();
        assertThat(out.toString())
                .contains("#1 sum on default - [succeeded] (attempts=1, priority=3, scheduled_at=None,")
                .contains("#2 sum on later - [todo]")
                .contains("default: 1 jobs (todo: 0, doing: 0, succeeded: 1, failed: 0, cancelled: 0, aborted: 0)");
    }

    @Test
    void everyValueOfTheEnvironmentCountsAlsoOneThatMeansNo() {
        run("--app", APP, "schema");
        environment.put("PROCRASTINATE_APP", APP);
        environment.put("PROCRASTINATE_WORKER_WAIT", "0");
        environment.put("PROCRASTINATE_WORKER_LISTEN_NOTIFY", "f");
        environment.put("PROCRASTINATE_DEFER_QUEUE", "fromenv");
        assertThat(run("defer", "sum")).isZero();
        assertThat(run("worker")).isZero();
        assertThat(run("shell", "list_jobs")).isZero();
        assertThat(out.toString()).contains("#1 sum on fromenv - [succeeded]");
        environment.put("PROCRASTINATE_WORKER_WAIT", "perhaps");
        assertThat(run("worker")).isNotZero();
        assertThat(err.toString()).contains("PROCRASTINATE_WORKER_WAIT").contains("perhaps");
    }

    @Test
    void aTakenQueueingLockIsAnErrorUnlessItIsToBeIgnored() {
        run("--app", APP, "schema");
        assertThat(run("--app", APP, "defer", "once")).isZero();
        assertThat(run("--app", APP, "defer", "once")).isEqualTo(1);
        assertThat(run("--app", APP, "defer", "once", "--ignore-already-enqueued"))
                .isZero();
        assertThat(err.toString()).contains("(ignored)");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1 | defer sum                                        | Missing app.",
                "1 | --app com.acme.None defer sum                    | com.acme.None is not a valid path",
                "1 | --app APP#noApp defer sum                        | is not of type App but java.lang.String",
                "1 | --app APP#missing defer sum                      | has no method missing()",
                "1 | --app APP defer unknown                          | No task named unknown",
                "1 | --app APP defer sum [1]                          | Incorrect JSON_ARGS value expecting a valid json object (or dict)",
                "1 | --app APP defer sum {                            | Incorrect JSON_ARGS value expecting a valid json object (or dict)",
                "1 | --app APP defer sum --at yesterday               | Incorrect --at value 'yesterday'",
                "2 | --app APP defer sum --at 2030-01-01 --in 5       | mutually exclusive",
                "2 | worker --concurrency many                        | many",
                "2 | nonsense                                         | nonsense",
                "2 | ''                                               | needs a command",
                "1 | --url postgresql://localhost:1/x healthchecks    | localhost:1",
            })
    void aBadCallSaysWhatIsWrong(int exitCode, String arguments, String message) {
        String[] words = arguments.isEmpty()
                ? new String[0]
                : arguments.replace("APP", APP).split(" +", -1);
        assertThat(run(words)).isEqualTo(exitCode);
        assertThat(err.toString()).contains(message);
    }

    @Test
    void theShellRetriesCancelsAbortsAndDeletes() {
        run("--app", APP, "schema");
        run("--app", APP, "defer", "sum");
        assertThat(run("--url", url, "shell", "cancel 1", "retry 1", "delete 1", "list_jobs", "nonsense", "abort 9"))
                .isEqualTo(1);
        assertThat(out.toString()).contains("#1 sum on default - [cancelled]").contains("#1 deleted");
        assertThat(err.toString()).contains("invalid status to retry").contains("Unknown command: nonsense");
    }

    @Test
    void statusAndDoctorShowTheDatabase() {
        assertThat(run("--url", url, "doctor")).isEqualTo(1);
        assertThat(out.toString()).contains("missing. Make it: procrastinate schema --apply");
        run("--url", url, "schema");
        run("--app", APP, "defer", "sum");
        out.getBuffer().setLength(0);
        assertThat(run("--url", url, "doctor")).isZero();
        assertThat(out.toString()).contains("level V3_4").contains("a notification came through");
        assertThat(run("--url", url, "status")).isZero();
        assertThat(out.toString()).contains("default           1           0");
        out.getBuffer().setLength(0);
        assertThat(run("--url", url, "status", "--json")).isZero();
        assertThat(out.toString()).contains("[{\"queue\":\"default\",\"todo\":1,\"doing\":0");
    }

    @Test
    void completionAndHelpAreForPeople() {
        assertThat(run("completion")).isZero();
        assertThat(out.toString()).contains("complete").contains("healthchecks");
        assertThat(run("--help")).isZero();
        assertThat(run("worker", "-h")).isZero();
        assertThat(out.toString()).contains("--concurrency").contains("PROCRASTINATE_APP");
        assertThat(run("--version")).isZero();
        assertThat(out.toString()).contains("procrastinate, version");
    }

    @ParameterizedTest
    @CsvSource({
        "%, %(levelname)s:%(name)s:%(message)s, %-5level:%logger:%msg%n",
        "{, {levelname} {message}, %-5level %msg%n",
        "$, $levelname ${message}, %-5level %msg%n"
    })
    void theOriginalsLogFormatsAreUnderstood(String style, String format, String pattern) {
        assertThat(Logs.pattern(format, style)).isEqualTo(pattern);
    }

    private int run(String... arguments) {
        CommandLine command = Procrastinate.commandLine(environment);
        command.setOut(new PrintWriter(out, true));
        command.setErr(new PrintWriter(err, true));
        return command.execute(arguments);
    }
}
