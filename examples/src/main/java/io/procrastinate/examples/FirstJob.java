package io.procrastinate.examples;

import io.procrastinate.App;
import io.procrastinate.task.Task;
import io.procrastinate.worker.WorkerOptions;

/** The smallest program: one task, one job, one worker. Its argument is the URL of a database. */
public final class FirstJob {

    record Sum(int a, int b) {}

    private FirstJob() {}

    /** Runs the example. */
    public static void main(String... args) {
        try (App app = App.builder().url(args[0]).build().open()) {
            if (!app.schemaManager().isApplied()) {
                app.schemaManager().apply();
            }
            Task<Sum> sum = app.task("sum", Sum.class).call(numbers -> numbers.a() + numbers.b());

            long id = sum.defer(new Sum(5, 7));

            app.runWorker(WorkerOptions.builder()
                    .waitForJobs(false)
                    .onJobEnded(result -> System.out.println(result.job().callString() + " = " + result.value()))
                    .build());
            System.out.println("job " + id + " is " + app.jobManager().status(id));
        }
    }
}
