package io.procrastinate.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.procrastinate.App;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.opentelemetry.ProcrastinateTelemetry;
import io.procrastinate.worker.WorkerOptions;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** One trace from the deferral to the run, as docs/tracing.md shows it. */
class TracingTest {

    private final ConnectorSettings settings = TestDatabase.withSchema().settings();
    private final InMemorySpanExporter exporter = InMemorySpanExporter.create();

    @Test
    void deferralAndRunAreOneTrace() {
        OpenTelemetry openTelemetry = OpenTelemetrySdk.builder()
                .setTracerProvider(SdkTracerProvider.builder()
                        .addSpanProcessor(SimpleSpanProcessor.create(exporter))
                        .build())
                .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance()))
                .build();
        ProcrastinateTelemetry telemetry = ProcrastinateTelemetry.create(openTelemetry);
        App app = App.builder()
                .settings(settings)
                .deferMiddleware(telemetry.deferMiddleware())
                .build();
        WorkerOptions options = WorkerOptions.builder()
                .middleware(telemetry.middleware())
                .listener(telemetry.listener())
                .waitForJobs(false)
                .build();
        app.task("mail.send").queue("mail").run(mail -> {});
        try (app) {
            app.open().configureTask("mail.send").defer(Map.of());
            app.runWorker(options);
        }

        assertThat(exporter.getFinishedSpanItems())
                .extracting(SpanData::getName)
                .containsExactly("send mail", "process mail");
        assertThat(exporter.getFinishedSpanItems())
                .extracting(SpanData::getTraceId)
                .containsOnly(exporter.getFinishedSpanItems().get(0).getTraceId());
    }
}
