package io.procrastinate.examples;

import io.procrastinate.App;
import io.procrastinate.exception.JobAbortedException;
import io.procrastinate.job.CancelOption;
import io.procrastinate.task.JobContext;
import io.procrastinate.task.Task;

/** A long job that stops when it is asked to, whichever process asks, whichever process runs it. */
final class Import {

    record Source(String file) {}

    /** One step of the work. */
    interface Step {
        /** Does the step, and returns whether another one is left. */
        boolean next() throws Exception;
    }

    private final App app;
    private final Task<Source> load;

    Import(App app, Step step) {
        this.app = app;
        load = app.task("import", Source.class).body((context, source) -> load(context, source, step));
    }

    private static String load(JobContext context, Source source, Step step) throws Exception {
        int done = 0;
        while (step.next()) {
            done++;
            if (context.shouldAbort()) {
                throw new JobAbortedException("stopped after " + done + " steps of " + source.file());
            }
        }
        return source.file();
    }

    long start(String file) {
        return load.defer(new Source(file));
    }

    /** Cancels the job if it waits, and stops it if it runs. */
    boolean stop(long job) {
        return app.jobManager().cancel(job, CancelOption.ABORT);
    }
}
