package io.procrastinate.opentelemetry;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import io.procrastinate.driver.Stages;
import io.procrastinate.job.DeferContext;
import io.procrastinate.job.DeferMiddleware;
import io.procrastinate.job.NewJob;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Spans of deferrals. One job has one span, the creation of its message. Each of several has a span for that, which the
 * span of the statement has links to; of very many, the statement's span is the creation of all.
 */
final class Deferrals implements DeferMiddleware {

    /** How many jobs of one statement have spans of their own. */
    private static final int MOST_CREATED = 100;

    private final Tracer tracer;
    private final Headers headers;
    private final Instruments instruments;
    private final Server server;

    Deferrals(Tracer tracer, Headers headers, Instruments instruments, Server server) {
        this.tracer = tracer;
        this.headers = headers;
        this.instruments = instruments;
        this.server = server;
    }

    @Override
    public CompletionStage<List<Long>> around(DeferContext deferral, Next next) {
        List<NewJob> jobs = deferral.jobs();
        if (jobs.isEmpty()) {
            return next.run(jobs);
        }
        Context parent = deferral.periodic() ? Context.root() : Context.current();
        String queue = commonQueue(jobs);
        boolean each = jobs.size() > 1 && jobs.size() <= MOST_CREATED;
        SpanBuilder send = span("send", queue, each ? SpanKind.CLIENT : SpanKind.PRODUCER, parent);
        List<NewJob> withHeaders = new ArrayList<>(jobs.size());
        if (each) {
            for (NewJob job : jobs) {
                Span created = span("create", job.queue(), SpanKind.PRODUCER, parent)
                        .setAttribute(Keys.TASK, job.taskName())
                        .startSpan();
                created.end();
                send.addLink(created.getSpanContext());
                withHeaders.add(headers.with(job, parent.with(created)));
            }
        }
        describe(send, jobs, deferral);
        Span sending = send.startSpan();
        Context context = parent.with(sending);
        if (!each) {
            jobs.forEach(job -> withHeaders.add(headers.with(job, context)));
        }
        return run(next, withHeaders, queue, context, sending);
    }

    @SuppressWarnings("try") // the scope is there to be closed
    private CompletionStage<List<Long>> run(
            Next next, List<NewJob> jobs, @Nullable String queue, Context context, Span sending) {
        long begin = System.nanoTime();
        CompletionStage<List<Long>> deferred;
        try (Scope scope = context.makeCurrent()) {
            deferred = next.run(jobs);
        } catch (RuntimeException | Error e) {
            ended(sending, queue, jobs.size(), begin, e);
            throw e;
        }
        return deferred.whenComplete((ids, failure) -> {
            if (failure == null && ids.size() == 1) {
                sending.setAttribute(Keys.MESSAGE_ID, Long.toString(ids.get(0)));
            }
            ended(sending, queue, jobs.size(), begin, failure == null ? null : Stages.cause(failure));
        });
    }

    private void ended(Span sending, @Nullable String queue, int jobs, long begin, @Nullable Throwable failure) {
        if (failure != null) {
            sending.recordException(failure);
            sending.setStatus(StatusCode.ERROR);
            sending.setAttribute(Keys.ERROR_TYPE, failure.getClass().getName());
        }
        sending.end();
        instruments.sent(queue, jobs, System.nanoTime() - begin, failure);
    }

    private SpanBuilder span(String operation, @Nullable String queue, SpanKind kind, Context parent) {
        SpanBuilder span = tracer.spanBuilder(queue == null ? operation : operation + " " + queue)
                .setSpanKind(kind)
                .setParent(parent)
                .setAttribute(Keys.SYSTEM, "procrastinate")
                .setAttribute(Keys.OPERATION_NAME, operation)
                .setAttribute(Keys.OPERATION_TYPE, operation);
        if (queue != null) {
            span.setAttribute(Keys.DESTINATION, queue);
        }
        server.describe(span);
        return span;
    }

    private static void describe(SpanBuilder send, List<NewJob> jobs, DeferContext deferral) {
        if (deferral.periodic()) {
            send.setAttribute(Keys.PERIODIC, true);
        }
        if (jobs.size() > 1) {
            send.setAttribute(Keys.MESSAGE_COUNT, (long) jobs.size());
            return;
        }
        NewJob job = jobs.get(0);
        send.setAttribute(Keys.TASK, job.taskName());
        send.setAttribute(Keys.PRIORITY, (long) job.priority());
        if (job.lock() != null) {
            send.setAttribute(Keys.LOCK, job.lock());
        }
        if (job.queueingLock() != null) {
            send.setAttribute(Keys.QUEUEING_LOCK, job.queueingLock());
        }
    }

    private static @Nullable String commonQueue(List<NewJob> jobs) {
        String first = jobs.get(0).queue();
        return jobs.stream().allMatch(job -> job.queue().equals(first)) ? first : null;
    }
}
