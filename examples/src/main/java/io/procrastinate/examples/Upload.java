package io.procrastinate.examples;

import io.procrastinate.App;
import io.procrastinate.job.RetryDecision;
import io.procrastinate.retry.RetryStrategy;
import io.procrastinate.task.Task;
import io.procrastinate.task.TaskAction;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** Retries: by a strategy from the builder, or by a lambda. */
final class Upload {

    record File(String name) {}

    /** The other side is overloaded, and says for how long. */
    static final class BusyException extends IOException {

        private static final long serialVersionUID = 1L;

        private final Duration retryAfter;

        BusyException(Duration retryAfter) {
            super("busy for " + retryAfter);
            this.retryAfter = retryAfter;
        }
    }

    private Upload() {}

    /** Up to five times, 3, 9, 27, ... seconds apart, and only if the network failed. */
    static Task<File> patient(App app, TaskAction<File> upload) {
        return app.task("upload", File.class)
                .retry(RetryStrategy.builder()
                        .times(5)
                        .exponentialWait(Duration.ofSeconds(3))
                        .on(List.of(IOException.class))
                        .build())
                .run(upload);
    }

    /** At the time that the other side asked for, and after jobs that have not been tried yet. */
    static Task<File> polite(App app, TaskAction<File> upload) {
        return app.task("upload", File.class)
                .retry((failure, job) -> failure instanceof BusyException busy && job.attempts() < 5
                        ? RetryDecision.in(busy.retryAfter).priority(job.priority() - 1)
                        : null)
                .run(upload);
    }
}
