package io.procrastinate.opentelemetry;

import io.opentelemetry.sdk.trace.data.SpanData;
import io.procrastinate.App;
import io.procrastinate.worker.WorkerOptions;
import java.util.Map;

/** A worker in a process of its own, which runs what waits and prints its spans. */
final class OtherWorker {

    private OtherWorker() {}

    public static void main(String[] arguments) {
        try (Traces traces = new Traces()) {
            ProcrastinateTelemetry telemetry = ProcrastinateTelemetry.create(traces.telemetry);
            try (App app = App.builder()
                    .url(arguments[0])
                    .deferMiddleware(telemetry.deferMiddleware())
                    .build()) {
                app.task("first").body((context, nothing) -> {
                    context.tasks().external("second").queue("second").defer(Map.of());
                    return null;
                });
                app.task("second").run(nothing -> {});
                app.runWorker(WorkerOptions.builder()
                        .middleware(telemetry.middleware())
                        .listener(telemetry.listener())
                        .installShutdownHook(false)
                        .waitForJobs(false)
                        .build());
            }
            for (SpanData span : traces.spans()) {
                System.out.println(String.join(
                        " ",
                        "span",
                        span.getTraceId(),
                        span.getSpanId(),
                        span.getParentSpanId(),
                        span.getName().replace(' ', '_')));
            }
        }
    }
}
