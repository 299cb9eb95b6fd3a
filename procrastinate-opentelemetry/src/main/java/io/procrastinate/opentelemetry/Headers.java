package io.procrastinate.opentelemetry;

import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.context.propagation.TextMapPropagator;
import io.procrastinate.exception.InvalidJobException;
import io.procrastinate.job.Job;
import io.procrastinate.job.NewJob;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Carries a context from a deferral to a run, in the job's headers. */
final class Headers {

    private static final TextMapGetter<Job> GETTER = new Getter();

    private final TextMapPropagator propagator;

    Headers(OpenTelemetry telemetry) {
        this.propagator = telemetry.getPropagators().getTextMapPropagator();
    }

    /** Returns the job with the headers of a context. */
    NewJob with(NewJob job, Context context) {
        Map<String, String> headers = new LinkedHashMap<>();
        propagator.inject(context, headers, (carrier, name, value) -> {
            if (carrier != null) {
                carrier.put(name, value);
            }
        });
        try {
            return with(job, headers);
        } catch (InvalidJobException e) { // baggage may be long, the trace is short
            headers.remove("baggage");
            return with(job, headers);
        }
    }

    private static NewJob with(NewJob job, Map<String, String> headers) {
        NewJob with = job;
        for (Map.Entry<String, String> header : headers.entrySet()) {
            with = with.header(header.getKey(), header.getValue());
        }
        return with;
    }

    /** The context of the deferral: without a span if the job has none. */
    Context of(Job job) {
        return propagator.extract(Context.root(), job, GETTER);
    }

    /** Reads headers. */
    private static final class Getter implements TextMapGetter<Job> {

        @Override
        @SuppressWarnings("deprecation") // older releases have it, and need it
        public Iterable<String> keys(Job job) {
            return job.headers().keySet();
        }

        @Override
        public @Nullable String get(@Nullable Job job, String name) {
            return job == null ? null : job.headers().get(name);
        }
    }
}
