package io.procrastinate.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** Options from the environment, and their precedence below the command line. */
class EnvironmentTest {

    @ParameterizedTest
    @CsvSource({
        "0, , false",
        "n, , false",
        "False, , false",
        "off, , false",
        "1, , true",
        "yes, , true",
        "T, , true",
        "on, , true",
        "0, --wait, true",
        "1, --wait, true",
        "1, --no-wait, false",
        "0, --no-wait, false",
        "'', --wait, true",
        "'', --no-wait, false",
        "'', -w, true"
    })
    void yesAndNoCountAndTheCommandLineCountsMore(String value, @Nullable String option, Boolean waits) {
        Map<String, String> environment = Map.of("PROCRASTINATE_WORKER_WAIT", value);
        WorkerCommand worker = option == null ? worker(environment) : worker(environment, option);
        assertThat(worker.waitForJobs).isEqualTo(waits);
    }

    @Test
    void whatIsNotGivenIsLeftToTheApp() {
        WorkerCommand worker = worker(Map.of("PROCRASTINATE_WORKER_WAIT", "", "PROCRASTINATE_WORKER_NAME", ""));
        assertThat(worker.waitForJobs).isNull();
        assertThat(worker.name).isNull();
        assertThat(worker.listenNotify).isNull();
        assertThat(worker.concurrency).isNull();
    }

    @Test
    void everyOptionOfAWorkerHasItsVariable() {
        WorkerCommand worker = worker(Map.of(
                "PROCRASTINATE_WORKER_NAME", "w",
                "PROCRASTINATE_WORKER_QUEUES", "a,b",
                "PROCRASTINATE_WORKER_CONCURRENCY", "7",
                "PROCRASTINATE_WORKER_FETCH_JOB_POLLING_INTERVAL", "0.5",
                "PROCRASTINATE_WORKER_ABORT_JOB_POLLING_INTERVAL", "1",
                "PROCRASTINATE_WORKER_SHUTDOWN_GRACEFUL_TIMEOUT", "0",
                "PROCRASTINATE_WORKER_LISTEN_NOTIFY", "0",
                "PROCRASTINATE_WORKER_DELETE_JOBS", "successful"));
        assertThat(worker.name).isEqualTo("w");
        assertThat(worker.queues).isEqualTo("a,b");
        assertThat(worker.concurrency).isEqualTo(7);
        assertThat(worker.fetchJobPollingInterval).isEqualTo(Duration.ofMillis(500));
        assertThat(worker.abortJobPollingInterval).isEqualTo(Duration.ofSeconds(1));
        assertThat(worker.shutdownGracefulTimeout).isZero();
        assertThat(worker.listenNotify).isFalse();
        assertThat(worker.deleteJobs).hasToString("SUCCESSFUL");
    }

    @Test
    void everyOptionOfADeferralHasItsVariable() {
        DeferCommand defer = (DeferCommand) command(
                Map.of(
                        "PROCRASTINATE_DEFER_JSON_ARGS", "{}",
                        "PROCRASTINATE_DEFER_QUEUE", "q",
                        "PROCRASTINATE_DEFER_LOCK", "l",
                        "PROCRASTINATE_DEFER_QUEUEING_LOCK", "ql",
                        "PROCRASTINATE_DEFER_AT", "2030-01-01",
                        "PROCRASTINATE_DEFER_IN", "0",
                        "PROCRASTINATE_DEFER_PRIORITY", "0",
                        "PROCRASTINATE_DEFER_IGNORE_ALREADY_ENQUEUED", "1",
                        "PROCRASTINATE_DEFER_UNKNOWN", "t"),
                "defer",
                "task",
                "-i");
        assertThat(defer.jsonArgs).isEqualTo("{}");
        assertThat(defer.queue).isEqualTo("q");
        assertThat(defer.lock).isEqualTo("l");
        assertThat(defer.queueingLock).isEqualTo("ql");
        assertThat(defer.at).isEqualTo("2030-01-01");
        assertThat(defer.in).isZero();
        assertThat(defer.priority).isZero();
        assertThat(defer.ignoreAlreadyEnqueued).isTrue();
        assertThat(defer.unknown).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "'', --one-shot, false",
        "'', --one-shot --wait, true",
        "'', --wait --one-shot, false",
        "'', --no-wait --wait, true",
        "1, -q a, false",
        "1, --wait, true",
        "0, -q a,"
    })
    void theLastOfWaitAndOneShotCounts(String oneShot, String options, @Nullable Boolean waits) {
        WorkerCommand worker = worker(Map.of("PROCRASTINATE_WORKER_ONE_SHOT", oneShot), options.split(" "));
        assertThat(worker.waits()).isEqualTo(waits);
    }

    @Test
    void whatAVariableHoldsIsTakenAsItIs() {
        String value = "${HOME} $$ ${sys:user.home} %d";
        DeferCommand defer = (DeferCommand) command(Map.of("PROCRASTINATE_DEFER_LOCK", value), "defer", "task");
        assertThat(defer.lock).isEqualTo(value);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 1", "2, 2", "'', 0"})
    void verbosityIsANumber(String value, int times) {
        CommandLine command = Procrastinate.commandLine(Map.of("PROCRASTINATE_VERBOSE", value));
        command.parseArgs("healthchecks");
        assertThat(((Procrastinate) command.getCommand()).verbose).hasSize(times);
    }

    @ParameterizedTest
    @CsvSource({"WORKER_WAIT, perhaps", "WORKER_CONCURRENCY, many", "VERBOSE, very", "WORKER_DELETE_JOBS, sometimes"})
    void aBadValueIsNamed(String variable, String value) {
        assertThatExceptionOfType(ParameterException.class)
                .isThrownBy(() -> worker(Map.of("PROCRASTINATE_" + variable, value)))
                .withMessageContaining(value);
    }

    private static WorkerCommand worker(Map<String, String> environment, String... options) {
        return (WorkerCommand) command(
                environment,
                Stream.concat(Stream.of("worker"), Stream.of(options)).toArray(String[]::new));
    }

    private static Object command(Map<String, String> environment, String... arguments) {
        CommandLine command = Procrastinate.commandLine(environment);
        return command.parseArgs(arguments).subcommand().commandSpec().userObject();
    }
}
