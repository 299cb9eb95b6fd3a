package io.procrastinate.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProcrastinateTest extends CommandTest {

    @Test
    void appliesReadsAndChecksTheSchema() {
        assertThat(run("--url", url(), "schema", "--check")).isEqualTo(1);
        assertThat(err()).contains("schema");
        assertThat(run("--url", url(), "schema")).isZero();
        assertThat(run("--url", url(), "schema", "--check")).isZero();
        assertThat(out()).contains("Schema: 3.4");
        assertThat(run("--url", url(), "schema", "--apply")).isEqualTo(1);
        assertThat(printed("schema", "--read"))
                .startsWith("-- Procrastinate Schema\n")
                .contains("CREATE TABLE procrastinate_jobs");
    }

    @Test
    void healthchecksSayWhatIsWellAndWhatIsNot() {
        assertThat(run("--app", APP, "healthchecks")).isEqualTo(1);
        assertThat(out()).isEqualToIgnoringNewLines("App configuration: OK\nDB connection: OK\n");
        assertThat(err())
                .isEqualToIgnoringNewLines("Connection to the database works but the procrastinate_jobs table was not"
                        + " found. Have you applied database migrations (see `procrastinate schema -h`)?\n");
        run("--url", url(), "schema");
        forget();
        assertThat(run("--app", APP, "healthchecks")).isZero();
        assertThat(out())
                .isEqualToIgnoringNewLines(
                        "App configuration: OK\nDB connection: OK\nFound procrastinate_jobs table: OK\n");
    }

    @Test
    void defersAndWorksJobs() {
        run("--app", APP, "schema");
        assertThat(run("--app", APP, "defer", "sum", "{\"a\": 5, \"b\": [1, null]}", "--priority", "3"))
                .isZero();
        assertThat(err()).contains("Launching a job: sum(a=5, b=[1, None])");
        assertThat(run("--app", APP, "defer", "sum", "--in", "3600", "--queue", "later"))
                .isZero();
        assertThat(run("--app", APP, "worker", "--one-shot", "-q", "default,other"))
                .isZero();
        assertThat(err()).contains("Launching a worker on default, other");
        assertThat(run("--url", url(), "shell", "list_jobs", "details")).isZero();
        assertThat(run("--url", url(), "shell", "list_queues")).isZero();
        assertThat(out())
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
        assertThat(out()).contains("#1 sum on fromenv - [succeeded]");
        environment.put("PROCRASTINATE_WORKER_WAIT", "perhaps");
        assertThat(run("worker")).isNotZero();
        assertThat(err()).contains("PROCRASTINATE_WORKER_WAIT").contains("perhaps");
    }

    @Test
    void theTimeToStartAtIsIso8601InEveryForm() {
        run("--app", APP, "schema");
        List<String> noonInUtc = List.of(
                "2030-01-01T12:00:00Z",
                "2030-01-01T12:00:00",
                "2030-01-01T14:00:00+0200",
                "2030-01-01T14:00:00+02:00",
                "2030-01-01T14:00+02",
                "2030-01-01 14:00 +02:00",
                "20300101T120000Z",
                "20300101T1200",
                "2030-01-01t12:00:00,0z",
                "2030-01-01T12");
        noonInUtc.forEach(at ->
                assertThat(run("--app", APP, "defer", "sum", "--at", at)).as(at).isZero());
        assertThat(value("SELECT count(*) FROM procrastinate_jobs WHERE scheduled_at = '2030-01-01T12:00:00Z'"))
                .isEqualTo(String.valueOf(noonInUtc.size()));
        List<String> wholeDays = List.of("2030-02-01", "20300201", "2030-02");
        wholeDays.forEach(at ->
                assertThat(run("--app", APP, "defer", "sum", "--at", at)).as(at).isZero());
        assertThat(value("SELECT count(*) FROM procrastinate_jobs WHERE scheduled_at = '2030-02-01T00:00:00Z'"))
                .isEqualTo(String.valueOf(wholeDays.size()));
        assertThat(run("--app", APP, "defer", "sum", "--at", "2030-02-30")).isEqualTo(2);
        assertThat(run("--app", APP, "defer", "sum", "--at", "2030-02-01T25:00"))
                .isEqualTo(2);
    }

    @Test
    void aQueueWithoutANameIsTheDefaultOne() {
        run("--app", APP, "schema");
        assertThat(run("--app", APP, "defer", "sum", "--queue", "")).isZero();
        assertThat(value("SELECT queue_name FROM procrastinate_jobs")).isEqualTo("default");
    }

    @Test
    void aCauseThatTheFailureRepeatsIsNotPrintedTwice() {
        assertThat(run("--url", url(), "shell", "list_jobs")).isEqualTo(1);
        assertThat(err())
                .containsOnlyOnce("relation \"procrastinate_jobs\" does not exist")
                .contains("the command 'procrastinate schema'");
        forget();
        assertThat(run("--app", APP, "defer", "sum", "{bad")).isEqualTo(1);
        assertThat(err()).containsOnlyOnce("Unexpected character").doesNotContain("[Source");
    }

    @Test
    void argumentsAreReadByTheCodecOfTheApp() {
        run("--app", APP, "schema");
        assertThat(run("--app", APP + "#withACodec", "defer", "sum", "{'a': 1}"))
                .isZero();
        assertThat(value("SELECT args FROM procrastinate_jobs")).isEqualTo("{\"a\": 1}");
    }

    @Test
    void aTakenQueueingLockIsAnErrorUnlessItIsToBeIgnored() {
        run("--app", APP, "schema");
        assertThat(run("--app", APP, "defer", "once")).isZero();
        assertThat(run("--app", APP, "defer", "once")).isEqualTo(1);
        assertThat(run("--app", APP, "defer", "once", "--ignore-already-enqueued"))
                .isZero();
        assertThat(err()).contains("(ignored)");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1 | defer sum                                        | Missing app.",
                "1 | defer sum                                        | With --unknown, a task that only another"
                        + " program has",
                "1 | --app APP defer unknown                          | With --unknown, a task that only another"
                        + " program has",
                "2 | --app com.acme.None defer sum                    | com.acme.None is not a valid path",
                "2 | --app APP#failing defer sum                      | failed to create the app: no configuration",
                "2 | --log-format message --app APP healthchecks      | names no field in the style %",
                "2 | schema --read --check                            | procrastinate schema: error: --read, --check are",
                "2 | --app APP#noApp defer sum                        | is not of type App but java.lang.String",
                "2 | --app APP#missing defer sum                      | has no method missing()",
                "1 | --app APP defer unknown                          | No task named unknown",
                "1 | --app APP defer unknown                          | Task cannot be imported.",
                "1 | --app APP defer sum [1]                          | Incorrect JSON_ARGS value expecting a valid"
                        + " json object (or dict)",
                "1 | --app APP defer sum {                            | Incorrect JSON_ARGS value expecting a valid"
                        + " json object (or dict)",
                "2 | --app APP defer sum --at yesterday               | Incorrect --at value 'yesterday'",
                "2 | --app APP defer sum --at 2030-01-01 --in 5       | mutually exclusive",
                "2 | worker --concurrency many                        | many",
                "2 | --app APP worker --concurrency 0                 | concurrency",
                "2 | --app APP worker --delete-jobs sometimes         | sometimes",
                "2 | --app APP#synchronous worker                     | The connector provided by the app is not"
                        + " async.",
                "2 | --log-format-style x --app APP healthchecks      | must be %, { or $",
                "2 | schema --read --apply                            | mutually exclusive",
                "2 | schema --dry-run                                 | --migrate",
                "2 | --app APP defer sum --in soon                    | is not a number of seconds",
                "2 | worker --fetch-job-polling-interval 1e10         | is more than 9000000000 seconds",
                "1 | --connector oracle healthchecks                  | No connector named 'oracle'",
                "2 | nonsense                                         | nonsense",
                "2 | ''                                               | procrastinate: error: the following arguments are"
                        + " required: command",
                "2 | worker --concurrency many                        | procrastinate worker: error: Invalid value for"
                        + " option '--concurrency'",
                "1 | --url postgresql://localhost:1/x healthchecks    | localhost:1",
            })
    void aBadCallSaysWhatIsWrong(int exitCode, String arguments, String message) {
        String[] words = arguments.isEmpty()
                ? new String[0]
                : arguments.replace("APP", APP).split(" +", -1);
        assertThat(run(words)).isEqualTo(exitCode);
        assertThat(err()).contains(message);
        assertThat(err().startsWith("usage: procrastinate")).isEqualTo(exitCode == 2);
    }

    @Test
    void theShellRetriesCancelsAbortsAndDeletes() {
        run("--app", APP, "schema");
        run("--app", APP, "defer", "sum");
        assertThat(printed("--url", url(), "shell", "cancel", "1")).isEqualTo("#1 sum on default - [cancelled]\n");
        assertThat(run("--url", url(), "shell", "retry", "1")).isEqualTo(1);
        assertThat(run("--url", url(), "shell", "delete", "#1")).isZero();
        assertThat(run("--url", url(), "shell", "nonsense")).isEqualTo(1);
        assertThat(run("--url", url(), "shell", "abort", "9")).isEqualTo(1);
        assertThat(out())
                .contains("#1 sum on default - [cancelled]")
                .contains("#1 deleted")
                .contains("*** Unknown syntax: nonsense\n");
        assertThat(err()).contains("invalid status to retry").doesNotContain("nonsense");
    }

    @Test
    void statusAndDoctorShowTheDatabase() {
        assertThat(run("--url", url(), "doctor")).isEqualTo(1);
        assertThat(out()).contains("or procrastinate schema --apply");
        run("--url", url(), "schema");
        run("--app", APP, "defer", "sum");
        forget();
        assertThat(run("--url", url(), "doctor")).isZero();
        assertThat(out()).contains("level 3.4").contains("a notification arrived");
        assertThat(run("--url", url(), "status")).isZero();
        assertThat(out()).contains("default           1           0");
        forget();
        assertThat(run("--url", url(), "status", "--json")).isZero();
        assertThat(out()).contains("[{\"queue\":\"default\",\"todo\":1,\"doing\":0");
    }

    @Test
    void completionAndHelpAreForPeople() {
        assertThat(run("completion")).isZero();
        assertThat(out()).contains("complete").contains("healthchecks");
        assertThat(run("--help")).isZero();
        assertThat(run("worker", "-h")).isZero();
        assertThat(out()).contains("--concurrency").contains("PROCRASTINATE_APP");
        assertThat(run("--version")).isZero();
        assertThat(out()).contains("procrastinate, version");
    }

    @Test
    void everyCommandTellsItsOptions() {
        command().getSubcommands().forEach((name, command) -> {
            for (String option : List.of("-h", "--help")) {
                assertThat(printed(name, option))
                        .as(name)
                        .startsWith("usage: procrastinate " + name)
                        .contains(command.getCommandSpec().options().stream()
                                .map(each -> each.longestName().substring(2)) // shown as --[no-]wait
                                .toList());
                assertThat(err()).isEmpty();
            }
        });
    }

    @Test
    void helpNamesTheVariableOfEachOption() {
        assertThat(printed("worker", "--help").replaceAll("\\s+", " "))
                .contains("Name of the worker. (env: PROCRASTINATE_WORKER_NAME)")
                .contains("(env: PROCRASTINATE_WORKER_WAIT: use 0/n/f or 1/y/t)")
                .contains("(env: PROCRASTINATE_WORKER_FETCH_JOB_POLLING_INTERVAL)");
        assertThat(printed("defer", "--help").replaceAll("\\s+", " "))
                .contains("JSON object with the job parameters. (env: PROCRASTINATE_DEFER_JSON_ARGS)");
        assertThat(printed("--help").replaceAll("\\s+", " "))
                .contains("(env: PROCRASTINATE_APP)")
                .contains("(env: PROCRASTINATE_VERBOSE: set to desired verbosity level)")
                .doesNotContain("PROCRASTINATE_VERSION");
        assertThat(printed("--help").replaceAll("\\s+", "")).contains("%(levelname)s:%(name)s:%(message)s");
    }
}
