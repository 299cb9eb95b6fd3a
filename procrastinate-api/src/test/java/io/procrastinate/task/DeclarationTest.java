package io.procrastinate.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.exception.InvalidJobException;
import io.procrastinate.job.Job;
import io.procrastinate.job.RetryDecision;
import java.io.IOException;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@SuppressWarnings("unused") // methods are found by their annotations
class DeclarationTest {

    private final TaskRegistry registry = Unconnected.registry();

    private static String resolved(String text) {
        return Map.of(
                        "${name}", "report",
                        "${queue}", "reports",
                        "${lock}", "",
                        "${cron}", "0 3 * * *",
                        "${off}", "-",
                        "${zone}", "Europe/Paris",
                        "${wait}", "3s")
                .getOrDefault(text, text);
    }

    static class Tasks {

        @ProcrastinateTask(
                name = "${name}",
                queue = "${queue}",
                lock = "${lock}",
                cron = "${cron}",
                zone = "${zone}",
                periodicId = "nightly",
                retries = 2,
                retryWait = "${wait}",
                retryLinearWait = "PT10S",
                retryExponentialWait = "2s",
                retryOn = IOException.class,
                timeout = "15m")
        void report() {}

        @ProcrastinateTask(name = "off", cron = "${off}")
        void off() {}
    }

    private static Job job(String task, String args) {
        return Job.builder(7, task).queue("q").args(args).workerId(1L).build();
    }

    private Task<?> task(String name) {
        return registry.named(name).orElseThrow();
    }

    @Test
    void textsOfAnAnnotationMayHavePlaceholders() {
        registry.addTasks(new Tasks(), DeclarationTest::resolved);

        Task<?> report = task("report");
        assertThat(report.queue()).isEqualTo("reports");
        assertThat(report.lock()).isNull();
        Periodic periodic = report.periodics().get(0);
        assertThat(periodic.schedule()).hasToString("0 3 * * * Europe/Paris");
        assertThat(periodic.id()).isEqualTo("nightly");
        assertThat(report.timeout()).isEqualTo(Duration.ofMinutes(15));
    }

    @Test
    void aDashSwitchesAScheduleOff() {
        registry.addTasks(new Tasks(), DeclarationTest::resolved);

        assertThat(task("off").periodics()).isEmpty();
    }

    @Test
    void theAnnotationSaysWhenAJobIsRetried() {
        registry.addTasks(new Tasks(), DeclarationTest::resolved);
        Job first = job("report", "{}");

        assertThat(task("report").retryStrategy().decide(new IOException(), first))
                .isEqualTo(RetryDecision.in(Duration.ofSeconds(3 + 2)));
        assertThat(task("report").retryStrategy().decide(new IllegalStateException(), first))
                .isNull();
    }

    static class Wrong {

        @ProcrastinateTask(retryWait = "5s")
        void noRetries() {}

        @ProcrastinateTask(retries = 1, retryWait = "soon")
        void noDuration() {}

        @ProcrastinateTask(timeout = "0s")
        void noTime() {}

        @ProcrastinateTask(zone = "UTC")
        void noSchedule() {}

        @ProcrastinateTask(cron = "0 3 * * *", zone = "Europe/Atlantis")
        void noZone() {}
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "noRetries  | it says when a job is retried, but retries is 0: set how often, -1 for without limit",
                "noDuration | The retryWait is 'soon', it must be a duration such as 500ms, 5s, 3m, 2h, 1d or PT5S",
                "noTime     | The timeout is PT0S, it must be positive",
                "noSchedule | zone and periodicId are those of a schedule, but cron is not set",
                "noZone     | Unknown time-zone ID: Europe/Atlantis",
            })
    void aWrongValueIsRefusedWithItsMethod(String name, String reason) throws NoSuchMethodException {
        Method method = Wrong.class.getDeclaredMethod(name);

        assertThatThrownBy(() -> registry.addTask(method, args -> null, UnaryOperator.identity()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("The annotation @ProcrastinateTask of " + method + ": " + reason);
    }

    static class Mailer {

        @ProcrastinateTask(name = "mail")
        public void send(String to, JobContext context, int copies) {}
    }

    @Test
    void aFrameworkCallsTheMethodItself() throws Exception {
        Method method = Mailer.class.getMethod("send", String.class, JobContext.class, int.class);
        Task<Map<String, @Nullable Object>> mail = registry.addTask(method, Arrays::asList, UnaryOperator.identity());
        Job job = job("mail", "{\"to\": \"ada\", \"copies\": 2}");
        JobContext context = new Unconnected.Context(job, registry);

        assertThat(mail.run(context, job)).isEqualTo(Arrays.asList("ada", context, 2));
    }

    @Test
    void valuesInTheOrderOfTheParametersGetTheirNames() throws Exception {
        Method method = Mailer.class.getMethod("send", String.class, JobContext.class, int.class);
        Task<Map<String, @Nullable Object>> mail = registry.addTask(method, args -> null, UnaryOperator.identity());

        assertThat(mail.named("ada", 2)).isEqualTo(Map.of("to", "ada", "copies", 2));
        assertThatThrownBy(() -> mail.named("ada"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("The method " + method + " has the arguments [to, copies], given were 1 values");
        assertThatThrownBy(() -> mail.configure().job(Map.of("to", "ada"))).isInstanceOf(InvalidJobException.class);
    }
}
