package io.procrastinate.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.procrastinate.App;
import io.procrastinate.opentelemetry.ProcrastinateTelemetry;
import io.procrastinate.worker.WorkerOptions;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** One trace over programs of both languages, by the column {@code java_headers}. */
class TracesTest {

    /** A span of either side. */
    private record Traced(String trace, String id, String parent, String name, List<String> links) {}

    private final InMemorySpanExporter exporter = InMemorySpanExporter.create();

    @Test
    void oneTraceLeadsThroughJavaPythonAndJava() {
        try (SharedQueue queue = SharedQueue.ofJava(PythonRelease.NEWEST);
                OpenTelemetrySdk sdk = telemetry()) {
            ProcrastinateTelemetry telemetry = ProcrastinateTelemetry.create(sdk);
            App app = App.builder()
                    .settings(queue.settings())
                    .deferMiddleware(telemetry.deferMiddleware())
                    .build();
            app.task("orders.place").queue("java").body((context, args) -> {
                app.externalTask("orders.invoice").queue("python").defer(args);
                return null;
            });
            app.task("orders.invoiced").queue("java").run(args -> {});
            queue.keep(JavaSide.startWorker(app, options(telemetry)));
            ChildProcess python = queue.keep(queue.python().startWorker("traced_app.app", WorkerSetup.on("python")));

            app.configureTask("orders.place").defer(Map.of("order_id", 7));

            SharedQueue.await("three jobs have succeeded")
                    .until(
                            () -> queue.database()
                                    .number("SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'"),
                            done -> done == 3);
            SharedQueue.await("their spans have ended")
                    .until(() -> exporter.getFinishedSpanItems().size() == 4);
            python.close();
            List<Traced> path = path(Stream.concat(ours(), theirs(python)).toList());
            assertThat(path)
                    .extracting(Traced::name)
                    .containsExactly(
                            "send_java", "process_java", "send_python", "process_python", "send_java", "process_java");
            assertThat(path)
                    .filteredOn(span -> span.name().startsWith("process"))
                    .allSatisfy(span -> assertThat(span.links()).containsExactly(span.parent()));
        }
    }

    /** The spans of one trace from its beginning, each the only child of the one before. */
    private static List<Traced> path(List<Traced> spans) {
        assertThat(spans).extracting(Traced::trace).containsOnly(spans.get(0).trace());
        Traced first = spans.stream()
                .filter(span -> spans.stream().noneMatch(other -> other.id().equals(span.parent())))
                .findFirst()
                .orElseThrow();
        return Stream.iterate(first, span -> span != null, span -> childOf(span, spans))
                .toList();
    }

    @SuppressWarnings("NullAway") // ends the iteration
    private static Traced childOf(Traced parent, List<Traced> spans) {
        return spans.stream()
                .filter(span -> span.parent().equals(parent.id()))
                .findFirst()
                .orElse(null);
    }

    private Stream<Traced> ours() {
        return exporter.getFinishedSpanItems().stream().map(TracesTest::traced);
    }

    private static Traced traced(SpanData span) {
        return new Traced(
                span.getTraceId(),
                span.getSpanId(),
                span.getParentSpanId(),
                span.getName().replace(' ', '_'),
                span.getLinks().stream()
                        .map(link -> link.getSpanContext().getSpanId())
                        .toList());
    }

    private static Stream<Traced> theirs(ChildProcess python) {
        return python.output()
                .lines()
                .filter(line -> line.startsWith("span "))
                .map(line -> line.split(" "))
                .map(words -> new Traced(words[1], words[2], words[3], words[4], List.of(words[5].split(","))));
    }

    private OpenTelemetrySdk telemetry() {
        return OpenTelemetrySdk.builder()
                .setTracerProvider(SdkTracerProvider.builder()
                        .addSpanProcessor(SimpleSpanProcessor.create(exporter))
                        .build())
                .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance()))
                .build();
    }

    private static WorkerOptions options(ProcrastinateTelemetry telemetry) {
        return JavaTasks.options(WorkerSetup.on("java"))
                .middleware(telemetry.middleware())
                .listener(telemetry.listener())
                .build();
    }
}
