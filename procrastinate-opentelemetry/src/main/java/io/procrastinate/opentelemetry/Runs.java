package io.procrastinate.opentelemetry;

import io.opentelemetry.api.baggage.Baggage;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import io.procrastinate.driver.Stages;
import io.procrastinate.job.Job;
import io.procrastinate.task.JobContext;
import io.procrastinate.task.Middleware;
import io.procrastinate.worker.JobResult;
import io.procrastinate.worker.WorkerListener;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Spans of runs: the middleware opens them around the code, the listener adds how the run ended, and ends them. */
final class Runs implements Middleware, WorkerListener {

    private static final Duration LONG_WAIT = Duration.ofHours(1);
    private static final String LISTENING = Runs.class.getName() + ".listening";
    private static final String RUN = Runs.class.getName() + ".run";

    private final Tracer tracer;
    private final Headers headers;
    private final Instruments instruments;
    private final Server server;
    private final ParentSpan parent;

    Runs(Tracer tracer, Headers headers, Instruments instruments, Server server, ParentSpan parent) {
        this.tracer = tracer;
        this.headers = headers;
        this.instruments = instruments;
        this.server = server;
        this.parent = parent;
    }

    @Override
    @SuppressWarnings("try") // the scope is there to be closed
    public @Nullable Object around(JobContext context, Next next) throws Exception {
        TracedRun run = start(context, Instant.now());
        boolean listening = context.attributes().containsKey(LISTENING);
        if (listening) {
            context.attributes().put(RUN, run);
        }
        Object result;
        try (Scope scope = run.context().makeCurrent()) {
            result = next.run();
        } catch (Throwable e) {
            run.codeEnded(e, !listening);
            throw e;
        }
        if (result instanceof CompletionStage<?> stage) {
            return stage.whenComplete(
                    (value, failure) -> run.codeEnded(failure == null ? null : Stages.cause(failure), !listening));
        }
        run.codeEnded(null, !listening);
        return result;
    }

    @Override
    public void jobStarted(JobContext context) {
        context.attributes().put(LISTENING, true);
    }

    @Override
    public void jobEnded(JobContext context, JobResult result) {
        Object run = context.attributes().remove(RUN);
        if (run instanceof TracedRun traced) {
            traced.ended(result);
        } else if (result.outcome() == JobResult.Outcome.FAILED) { // no middleware is called for an unknown task
            start(context, context.startedAt()).ended(result);
        }
    }

    private TracedRun start(JobContext context, Instant startedAt) {
        Job job = context.job();
        Context created = headers.of(job);
        SpanContext creation = Span.fromContext(created).getSpanContext();
        Context base = isParent(job) ? created : Baggage.fromContext(created).storeInContext(Context.root());
        SpanBuilder span = tracer.spanBuilder("process " + job.queue())
                .setSpanKind(SpanKind.CONSUMER)
                .setStartTimestamp(startedAt)
                .setParent(base)
                .setAttribute(Keys.SYSTEM, "procrastinate")
                .setAttribute(Keys.OPERATION_NAME, "process")
                .setAttribute(Keys.OPERATION_TYPE, "process")
                .setAttribute(Keys.DESTINATION, job.queue())
                .setAttribute(Keys.MESSAGE_ID, Long.toString(job.id()))
                .setAttribute(Keys.CLIENT_ID, context.workerName())
                .setAttribute(Keys.TASK, job.taskName())
                .setAttribute(Keys.ATTEMPT, job.attempts() + 1L)
                .setAttribute(Keys.PRIORITY, (long) job.priority());
        if (creation.isValid()) {
            span.addLink(creation);
        }
        if (job.lock() != null) {
            span.setAttribute(Keys.LOCK, job.lock());
        }
        if (job.queueingLock() != null) {
            span.setAttribute(Keys.QUEUEING_LOCK, job.queueingLock());
        }
        Duration waited = job.waited();
        if (waited != null) {
            span.setAttribute(Keys.WAITED, waited.toMillis());
        }
        server.describe(span);
        instruments.consumed(job.queue());
        return new TracedRun(span.startSpan(), base, job.queue(), startedAt, instruments);
    }

    private boolean isParent(Job job) {
        return switch (parent) {
            case ALWAYS -> true;
            case NEVER -> false;
            case AUTO -> {
                Duration waited = job.waited();
                yield job.attempts() == 0 && (waited == null || waited.compareTo(LONG_WAIT) < 0);
            }
        };
    }
}
