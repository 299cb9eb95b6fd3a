package io.procrastinate.opentelemetry;

import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.metrics.DoubleHistogram;
import io.opentelemetry.api.metrics.LongCounter;
import io.opentelemetry.api.metrics.Meter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The metrics of the conventions for messaging. Their attributes have few values: neither ids nor tasks. */
final class Instruments {

    /** Seconds, as the conventions have them. */
    private static final List<Double> BUCKETS =
            List.of(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0);

    private final LongCounter sent;
    private final LongCounter consumed;
    private final DoubleHistogram operation;
    private final DoubleHistogram process;

    Instruments(OpenTelemetry telemetry) {
        Meter meter = telemetry.getMeter(ProcrastinateTelemetry.SCOPE);
        sent = meter.counterBuilder("messaging.client.sent.messages")
                .setUnit("{message}")
                .setDescription("Number of messages producer attempted to send to the broker.")
                .build();
        consumed = meter.counterBuilder("messaging.client.consumed.messages")
                .setUnit("{message}")
                .setDescription("Number of messages that were delivered to the application.")
                .build();
        operation = seconds(
                meter,
                "messaging.client.operation.duration",
                "Duration of messaging operation initiated by a producer or consumer client.");
        process = seconds(meter, "messaging.process.duration", "Duration of processing operation.");
    }

    private static DoubleHistogram seconds(Meter meter, String name, String description) {
        return meter.histogramBuilder(name)
                .setUnit("s")
                .setDescription(description)
                .setExplicitBucketBoundariesAdvice(BUCKETS)
                .build();
    }

    void sent(@Nullable String queue, long jobs, long nanos, @Nullable Throwable failure) {
        Attributes attributes = attributes("send", queue, failure);
        sent.add(jobs, attributes);
        operation.record(nanos / 1e9, attributes);
    }

    void consumed(String queue) {
        consumed.add(1, attributes("process", queue, null));
    }

    void processed(String queue, long nanos, @Nullable Throwable failure) {
        process.record(nanos / 1e9, attributes("process", queue, failure));
    }

    private static Attributes attributes(String operation, @Nullable String queue, @Nullable Throwable failure) {
        AttributesBuilder attributes =
                Attributes.builder().put(Keys.SYSTEM, "procrastinate").put(Keys.OPERATION_NAME, operation);
        if (queue != null) {
            attributes.put(Keys.DESTINATION, queue);
        }
        if (failure != null) {
            attributes.put(Keys.ERROR_TYPE, failure.getClass().getName());
        }
        return attributes.build();
    }
}
