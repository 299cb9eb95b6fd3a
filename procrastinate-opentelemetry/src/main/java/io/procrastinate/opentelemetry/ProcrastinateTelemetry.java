package io.procrastinate.opentelemetry;

import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Tracer;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.job.DeferMiddleware;
import io.procrastinate.task.Middleware;
import io.procrastinate.worker.WorkerListener;

/**
 * Traces and measures deferrals and runs with OpenTelemetry, by its conventions for messaging: a span {@code send
 * mail} for a deferral to the queue {@code mail}, a span {@code process mail} for the run, in whatever process that is.
 * The trace goes on in the job's headers.
 *
 * <pre>{@code
 * ProcrastinateTelemetry telemetry = ProcrastinateTelemetry.create(openTelemetry);
 * App app = App.builder().deferMiddleware(telemetry.deferMiddleware()).build();
 * WorkerOptions options = WorkerOptions.builder()
 *         .middleware(telemetry.middleware())
 *         .listener(telemetry.listener())
 *         .build();
 * }</pre>
 *
 * <p>The middleware should be the outermost, and the listener registered with it: without the listener spans do not
 * tell the outcome, and a job whose task is unknown has none. A span never has a job's arguments. Where a tracing
 * bridge of Micrometer is used, {@code procrastinate-micrometer} does this instead. Thread-safe.
 */
public final class ProcrastinateTelemetry {

    /** The name of the instrumentation scope. */
    static final String SCOPE = "io.procrastinate";

    private final Deferrals deferrals;
    private final Runs runs;

    private ProcrastinateTelemetry(Builder builder) {
        Tracer tracer = builder.telemetry.getTracer(SCOPE);
        Headers headers = new Headers(builder.telemetry);
        Instruments instruments = new Instruments(builder.telemetry);
        this.deferrals = new Deferrals(tracer, headers, instruments, builder.server);
        this.runs = new Runs(tracer, headers, instruments, builder.server, builder.parent);
    }

    /** Traces with the tracers, meters and propagators of an OpenTelemetry. */
    public static ProcrastinateTelemetry create(OpenTelemetry telemetry) {
        return builder(telemetry).build();
    }

    /** Starts with nothing else set. */
    public static Builder builder(OpenTelemetry telemetry) {
        return new Builder(telemetry);
    }

    /** Collects options. Not thread-safe. */
    public static final class Builder {

        private final OpenTelemetry telemetry;
        private ParentSpan parent = ParentSpan.AUTO;
        private Server server = new Server(null, 0);

        private Builder(OpenTelemetry telemetry) {
            this.telemetry = telemetry;
        }

        /** Sets when a run has the span of its deferral as its parent; {@link ParentSpan#AUTO} unless set. */
        public Builder parent(ParentSpan when) {
            this.parent = when;
            return this;
        }

        /** Sets the server that spans name as {@code server.address} and {@code server.port}; none unless set. */
        public Builder server(ConnectorSettings settings) {
            this.server = new Server(settings.host(), settings.port());
            return this;
        }

        /** Completes it. */
        public ProcrastinateTelemetry build() {
            return new ProcrastinateTelemetry(this);
        }
    }

    /** Makes a span of each deferral, and gives the jobs its context. */
    public DeferMiddleware deferMiddleware() {
        return deferrals;
    }

    /** Makes a span of each run, in whose context the code runs on its thread. */
    public Middleware middleware() {
        return runs;
    }

    /** Adds to the spans of runs how these ended. */
    public WorkerListener listener() {
        return runs;
    }
}
