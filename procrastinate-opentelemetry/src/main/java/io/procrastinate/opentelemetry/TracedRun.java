package io.procrastinate.opentelemetry;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.Context;
import io.procrastinate.worker.JobResult;
import java.time.Instant;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The span of one run. It ends with the code, but is reported when the result is stored, with the outcome; once, as the
 * worker may give up a run whose code goes on.
 */
final class TracedRun {

    private final Span span;
    private final Context context;
    private final String queue;
    private final Instant startedAt;
    private final Instruments instruments;
    private final long begin = System.nanoTime();
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile @Nullable Long took;

    TracedRun(Span span, Context base, String queue, Instant startedAt, Instruments instruments) {
        this.span = span;
        this.context = base.with(span);
        this.queue = queue;
        this.startedAt = startedAt;
        this.instruments = instruments;
    }

    /** The context of the code. */
    Context context() {
        return context;
    }

    /**
     * The code returned or threw.
     *
     * @param last whether nobody tells how the run ended
     */
    void codeEnded(@Nullable Throwable failure, boolean last) {
        took = System.nanoTime() - begin;
        if (last) {
            end(failure);
        }
    }

    /** The result is stored. */
    void ended(JobResult result) {
        span.setAttribute(Keys.OUTCOME, result.outcome().name().toLowerCase(Locale.ROOT));
        end(
                switch (result.outcome()) {
                    case SUCCEEDED, ABORTED, GIVEN_BACK, LOST -> null;
                    case FAILED, RETRIED -> result.failure();
                });
    }

    private void end(@Nullable Throwable failure) {
        if (!ended.compareAndSet(false, true)) {
            return;
        }
        if (failure != null) {
            span.recordException(failure);
            span.setStatus(StatusCode.ERROR);
            span.setAttribute(Keys.ERROR_TYPE, failure.getClass().getName());
        }
        Long known = took;
        long nanos = known == null ? System.nanoTime() - begin : known;
        span.end(startedAt.plusNanos(nanos));
        instruments.processed(queue, nanos, failure);
    }
}
