package io.procrastinate.examples;

import io.procrastinate.App;
import io.procrastinate.task.JobContext;
import io.procrastinate.task.ProcrastinateTask;
import io.procrastinate.worker.WorkerOptions;
import java.time.Duration;
import java.util.Map;

/** Tasks as annotated methods: the parameters are the job's arguments, by name. */
public final class Mailer {

    @ProcrastinateTask(name = "mail.send", queue = "mail", retries = 3)
    String send(String to, int copies) {
        return copies + " to " + to;
    }

    @ProcrastinateTask(name = "mail.bounce", queue = "mail")
    String bounce(JobContext context, String from) {
        return "from " + from + ", seen by " + context.workerName();
    }

    static long greet(App app) {
        app.addTasks(new Mailer());
        return app.configureTask("mail.send").defer(Map.of("to", "ada@example.com", "copies", 2));
    }

    /** Runs a worker until the process is asked to end. Its argument is the URL of a database. */
    public static void main(String... args) {
        try (App app = App.builder().url(args[0]).build()) {
            app.addTasks(new Mailer());
            app.runWorker(WorkerOptions.builder()
                    .queues("mail")
                    .concurrency(20)
                    .shutdownGracefulTimeout(Duration.ofSeconds(30))
                    .build());
        }
    }
}
