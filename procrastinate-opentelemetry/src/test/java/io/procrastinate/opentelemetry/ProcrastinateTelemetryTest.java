package io.procrastinate.opentelemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.opentelemetry.api.baggage.Baggage;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.Scope;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.procrastinate.App;
import io.procrastinate.exception.AlreadyEnqueuedException;
import io.procrastinate.job.NewJob;
import io.procrastinate.task.Task;
import io.procrastinate.tck.TestDatabase;
import io.procrastinate.worker.WorkerOptions;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ProcrastinateTelemetryTest {

    private final TestDatabase database = TestDatabase.withSchema();
    private final Traces traces = new Traces();
    private final ProcrastinateTelemetry telemetry = ProcrastinateTelemetry.create(traces.telemetry);
    private final App app = app(telemetry);

    @AfterEach
    void close() {
        app.close();
        traces.close();
        database.close();
    }

    @Test
    void deferralAndRunAreOneTrace() {
        app.task("mail.send").queue("mail").priority(3).lock("ada").run(nothing -> {});
        Span request = traces.tracer().spanBuilder("request").startSpan();
        long job;
        try (Scope scope = request.makeCurrent()) {
            assertThat(scope).isNotNull();
            job = app.configureTask("mail.send").queueingLock("once").defer(Map.of());
        }
        request.end();
        work(telemetry);

        SpanData send = traces.only("send mail");
        assertThat(send.getKind()).isEqualTo(SpanKind.PRODUCER);
        assertThat(send.getParentSpanId()).isEqualTo(request.getSpanContext().getSpanId());
        assertThat(Traces.text(send, "messaging.system")).isEqualTo("procrastinate");
        assertThat(Traces.text(send, "messaging.operation.type")).isEqualTo("send");
        assertThat(Traces.text(send, "messaging.destination.name")).isEqualTo("mail");
        assertThat(Traces.text(send, "messaging.message.id")).isEqualTo(Long.toString(job));
        assertThat(Traces.text(send, "procrastinate.task.name")).isEqualTo("mail.send");
        assertThat(Traces.text(send, "procrastinate.lock")).isEqualTo("ada");
        assertThat(Traces.text(send, "procrastinate.queueing_lock")).isEqualTo("once");
        SpanData process = traces.only("process mail");
        assertThat(process.getKind()).isEqualTo(SpanKind.CONSUMER);
        assertThat(process.getTraceId()).isEqualTo(request.getSpanContext().getTraceId());
        assertThat(process.getParentSpanId()).isEqualTo(send.getSpanId());
        assertThat(Traces.linksOf(process)).containsExactly(send.getSpanId());
        assertThat(Traces.text(process, "messaging.message.id")).isEqualTo(Long.toString(job));
        assertThat(Traces.text(process, "messaging.client.id")).isEqualTo("worker");
        assertThat(Traces.text(process, "procrastinate.outcome")).isEqualTo("succeeded");
        assertThat(Traces.number(process, "procrastinate.job.attempt")).isEqualTo(1);
        assertThat(Traces.number(process, "procrastinate.job.priority")).isEqualTo(3);
        assertThat(Traces.number(process, "procrastinate.waited_ms")).isNotNegative();
        assertThat(process.getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);
        assertThat(process.getEndEpochNanos()).isGreaterThanOrEqualTo(process.getStartEpochNanos());
    }

    @Test
    void traceGoesOnInAnotherProcess() throws IOException, InterruptedException {
        app.externalTask("first").queue("first").defer(Map.of());

        Map<String, OtherSpan> theirs = spansOfAnotherProcess();

        SpanData send = traces.only("send first");
        assertThat(theirs).containsOnlyKeys("process_first", "send_second", "process_second");
        assertThat(theirs.values()).extracting(OtherSpan::trace).containsOnly(send.getTraceId());
        OtherSpan first = Objects.requireNonNull(theirs.get("process_first"));
        OtherSpan sent = Objects.requireNonNull(theirs.get("send_second"));
        OtherSpan second = Objects.requireNonNull(theirs.get("process_second"));
        assertThat(first.parent()).isEqualTo(send.getSpanId());
        assertThat(sent.parent()).isEqualTo(first.id());
        assertThat(second.parent()).isEqualTo(sent.id());
    }

    @Test
    void codeRunsInTheContextOfItsSpan() {
        List<String> seen = new ArrayList<>();
        app.task("look").run(nothing -> {
            seen.add(Span.current().getSpanContext().getSpanId());
            seen.add(String.valueOf(Baggage.current().getEntryValue("tenant")));
        });
        try (Scope scope = Baggage.builder().put("tenant", "acme").build().makeCurrent()) {
            assertThat(scope).isNotNull();
            app.configureTask("look").defer(Map.of());
        }
        work(telemetry);

        assertThat(seen).containsExactly(traces.only("process default").getSpanId(), "acme");
    }

    @Test
    void eachJobOfABatchHasASpanThatItsRunIsAChildOf() {
        Task<Map<String, Object>> task = task("mail.send");
        task.batchDefer(List.of(Map.of("to", "ada"), Map.of("to", "bob"), Map.of("to", "eve")));
        work(telemetry);

        List<SpanData> created = traces.named("create default");
        SpanData send = traces.only("send default");
        assertThat(created).hasSize(3).allMatch(span -> span.getKind() == SpanKind.PRODUCER);
        assertThat(send.getKind()).isEqualTo(SpanKind.CLIENT);
        assertThat(Traces.number(send, "messaging.batch.message_count")).isEqualTo(3);
        assertThat(Traces.linksOf(send))
                .containsExactlyElementsOf(
                        created.stream().map(SpanData::getSpanId).toList());
        assertThat(traces.named("process default"))
                .extracting(SpanData::getParentSpanId)
                .containsExactlyInAnyOrderElementsOf(
                        created.stream().map(SpanData::getSpanId).toList());
    }

    @Test
    void manyJobsOfABatchShareItsSpan() {
        app.jobManager()
                .batchDefer(IntStream.range(0, 101)
                        .mapToObj(number -> NewJob.of("many").queue("many"))
                        .toList());

        SpanData send = traces.only("send many");
        assertThat(traces.spans()).hasSize(1);
        assertThat(send.getKind()).isEqualTo(SpanKind.PRODUCER);
        assertThat(database.texts("SELECT DISTINCT java_headers ->> 'traceparent' FROM procrastinate_jobs"))
                .singleElement()
                .asString()
                .startsWith("00-" + send.getTraceId() + "-" + send.getSpanId() + "-");
    }

    @Test
    void baggageThatIsTooLongIsLeftOut() {
        task("heavy");
        Baggage heavy = Baggage.builder().put("all", "x".repeat(4050)).build();
        try (Scope scope = heavy.makeCurrent()) {
            assertThat(scope).isNotNull();
            app.configureTask("heavy").defer(Map.of());
        }
        work(telemetry);

        assertThat(database.texts("SELECT key FROM procrastinate_jobs, jsonb_object_keys(java_headers) AS key"))
                .containsExactly("traceparent");
        assertThat(traces.only("process default").getParentSpanId())
                .isEqualTo(traces.only("send default").getSpanId());
    }

    @Test
    void firstRunIsAChildAndARetryHasALink() {
        List<Integer> runs = new ArrayList<>();
        app.task("flaky").retry(1).run(nothing -> {
            runs.add(1);
            if (runs.size() == 1) {
                throw new IOException("no network");
            }
        });
        app.configureTask("flaky").defer(Map.of());
        work(telemetry);

        SpanData send = traces.only("send default");
        List<SpanData> processed = traces.named("process default");
        assertThat(processed).hasSize(2);
        SpanData first = processed.get(0);
        SpanData second = processed.get(1);
        assertThat(first.getParentSpanId()).isEqualTo(send.getSpanId());
        assertThat(first.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
        assertThat(first.getEvents()).extracting(event -> event.getName()).containsExactly("exception");
        assertThat(Traces.text(first, "error.type")).isEqualTo("java.io.IOException");
        assertThat(Traces.text(first, "procrastinate.outcome")).isEqualTo("retried");
        assertThat(second.getTraceId()).isNotEqualTo(send.getTraceId());
        assertThat(Traces.linksOf(second)).containsExactly(send.getSpanId());
        assertThat(Traces.text(second, "procrastinate.outcome")).isEqualTo("succeeded");
        assertThat(Traces.number(second, "procrastinate.job.attempt")).isEqualTo(2);
    }

    @Test
    void aJobThatWaitedForAnHourHasALinkUnlessToldOtherwise() {
        task("late");
        app.configureTask("late").queue("auto").defer(Map.of());
        app.configureTask("late").queue("always").defer(Map.of());
        app.configureTask("late").queue("never").defer(Map.of());
        database.run("UPDATE procrastinate_jobs SET java_deferred_at = java_deferred_at - interval '61 minutes'"
                + " WHERE queue_name <> 'never'");
        work(telemetry, "auto");
        work(with(ParentSpan.ALWAYS), "always");
        work(with(ParentSpan.NEVER), "never");

        assertThat(traces.only("process auto").getParentSpanId()).isEqualTo("0000000000000000");
        assertThat(traces.only("process always").getParentSpanId())
                .isEqualTo(traces.only("send always").getSpanId());
        assertThat(traces.only("process never").getParentSpanId()).isEqualTo("0000000000000000");
        assertThat(List.of("auto", "always", "never"))
                .allSatisfy(queue -> assertThat(Traces.linksOf(traces.only("process " + queue)))
                        .containsExactly(traces.only("send " + queue).getSpanId()));
    }

    @Test
    void periodicJobsBeginATrace() {
        app.task("tick").periodic("* * * * * *").run(nothing -> {});
        CompletableFuture<Object> ran = new CompletableFuture<>();
        WorkerOptions options = options(telemetry)
                .waitForJobs(true)
                .onJobEnded(result -> ran.complete(result.outcome()))
                .build();
        try (var worker = app.worker(options)) {
            worker.start();
            assertThat(ran.orTimeout(30, TimeUnit.SECONDS).join()).hasToString("SUCCEEDED");
        }

        SpanData send = traces.named("send default").get(0);
        assertThat(send.getParentSpanId()).isEqualTo("0000000000000000");
        assertThat(send.getAttributes().asMap().toString()).contains("procrastinate.periodic=true");
        assertThat(traces.named("process default").get(0).getParentSpanId()).isEqualTo(send.getSpanId());
    }

    @Test
    void deferralThatIsRefusedIsAnError() {
        Task<Map<String, Object>> task = task("once");
        task.configure().queueingLock("once").defer(Map.of());

        assertThatThrownBy(() -> task.configure().queueingLock("once").defer(Map.of()))
                .isInstanceOf(AlreadyEnqueuedException.class);

        SpanData refused = traces.named("send default").get(1);
        assertThat(refused.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
        assertThat(Traces.text(refused, "error.type")).isEqualTo(AlreadyEnqueuedException.class.getName());
    }

    @Test
    void traceIsRolledBackWithTheJobInTheCallersTransaction() throws SQLException {
        Task<Map<String, Object>> task = task("joined");
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            task.configure().on(connection).defer(Map.of());
            connection.rollback();
            task.configure().on(connection).defer(Map.of());
            connection.commit();
        }
        work(telemetry);

        assertThat(traces.named("send default")).hasSize(2);
        assertThat(traces.only("process default").getParentSpanId())
                .isEqualTo(traces.named("send default").get(1).getSpanId());
    }

    @Test
    void spanOfAStageEndsWithTheStage() {
        app.task("stage").call(nothing -> later());
        app.configureTask("stage").defer(Map.of());
        work(telemetry);

        SpanData process = traces.only("process default");
        assertThat(Traces.text(process, "error.type")).isEqualTo("java.lang.IllegalStateException");
        assertThat(Traces.text(process, "procrastinate.outcome")).isEqualTo("failed");
    }

    @Test
    void jobOfAnUnknownTaskHasASpan() {
        app.externalTask("nobody's").defer(Map.of());
        work(telemetry);

        SpanData process = traces.only("process default");
        assertThat(process.getParentSpanId())
                .isEqualTo(traces.only("send default").getSpanId());
        assertThat(Traces.text(process, "error.type")).isEqualTo("io.procrastinate.exception.TaskNotFoundException");
    }

    @Test
    void spansEndWithTheCodeWithoutTheListener() {
        task("alone");
        app.task("broken").run(nothing -> {
            throw new IOException("no network");
        });
        app.configureTask("alone").queue("alone").defer(Map.of());
        app.configureTask("broken").queue("broken").defer(Map.of());
        app.runWorker(WorkerOptions.builder()
                .middleware(telemetry.middleware())
                .installShutdownHook(false)
                .waitForJobs(false)
                .build());

        assertThat(traces.only("process alone").getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);
        assertThat(traces.only("process broken").getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
    }

    @Test
    void jobsRunWithoutATraceOnTheTablesOfTheOriginal() {
        app.schemaManager().deoptimize();
        task("plain");
        app.configureTask("plain").defer(Map.of());
        work(telemetry);

        SpanData process = traces.only("process default");
        assertThat(process.getParentSpanId()).isEqualTo("0000000000000000");
        assertThat(process.getLinks()).isEmpty();
    }

    @Test
    void measuresByTheConventions() {
        task("measured");
        app.configureTask("measured").queue("measured").defer(Map.of());
        app.jobManager().batchDefer(List.of(job("measured"), job("measured")));
        work(telemetry);

        List<MetricData> metrics = List.copyOf(traces.metrics.collectAllMetrics());
        assertThat(metrics)
                .extracting(MetricData::getName)
                .containsExactlyInAnyOrder(
                        "messaging.client.sent.messages",
                        "messaging.client.consumed.messages",
                        "messaging.client.operation.duration",
                        "messaging.process.duration");
        assertThat(sum(metrics, "messaging.client.sent.messages")).isEqualTo(3);
        assertThat(sum(metrics, "messaging.client.consumed.messages")).isEqualTo(3);
    }

    @Test
    void namesTheServerIfToldTo() {
        ProcrastinateTelemetry named = ProcrastinateTelemetry.builder(traces.telemetry)
                .server(database.settings())
                .build();
        try (App other = app(named)) {
            other.externalTask("named").queue("named").defer(Map.of());
        }

        SpanData send = traces.only("send named");
        assertThat(Traces.text(send, "server.address"))
                .isEqualTo(database.settings().host());
        assertThat(Traces.number(send, "server.port"))
                .isEqualTo((long) database.settings().port());
    }

    private static CompletionStage<String> later() {
        return CompletableFuture.supplyAsync(() -> {
            throw new IllegalStateException("after all");
        });
    }

    private App app(ProcrastinateTelemetry traced) {
        return App.builder()
                .settings(database.settings())
                .deferMiddleware(traced.deferMiddleware())
                .build()
                .open();
    }

    private ProcrastinateTelemetry with(ParentSpan parent) {
        return ProcrastinateTelemetry.builder(traces.telemetry).parent(parent).build();
    }

    private Task<Map<String, Object>> task(String name) {
        return app.task(name).run(nothing -> {});
    }

    private static NewJob job(String name) {
        return NewJob.of(name).queue(name);
    }

    private void work(ProcrastinateTelemetry traced, String... queues) {
        app.runWorker(options(traced).queues(queues).build());
    }

    private static WorkerOptions.Builder options(ProcrastinateTelemetry traced) {
        return WorkerOptions.builder()
                .middleware(traced.middleware())
                .listener(traced.listener())
                .installShutdownHook(false)
                .waitForJobs(false);
    }

    private static long sum(List<MetricData> metrics, String name) {
        return metrics.stream()
                .filter(metric -> metric.getName().equals(name))
                .flatMap(metric -> metric.getLongSumData().getPoints().stream())
                .mapToLong(point -> point.getValue())
                .sum();
    }

    /** A span as the other process prints it. */
    private record OtherSpan(String trace, String id, String parent) {}

    private Map<String, OtherSpan> spansOfAnotherProcess() throws IOException, InterruptedException {
        var settings = database.settings();
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        OtherWorker.class.getName(),
                        "postgresql://" + settings.user() + "@" + settings.host() + ":" + settings.port() + "/"
                                + settings.database() + "?sslmode=disable")
                .redirectInput(new File("/dev/null"))
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        return output.lines()
                .filter(line -> line.startsWith("span "))
                .map(line -> line.split(" "))
                .collect(Collectors.toMap(words -> words[4], words -> new OtherSpan(words[1], words[2], words[3])));
    }
}
