package com.example.modules;

import io.procrastinate.App;
import io.procrastinate.adapter.Connectors;
import io.procrastinate.task.ProcrastinateTask;
import io.procrastinate.task.Task;
import io.procrastinate.worker.WorkerOptions;
import java.util.Map;

/** Defers two jobs and runs them, with the connector that is found. */
final class Greeter {

    record Name(String first, String last) {}

    @ProcrastinateTask(name = "greet.again")
    String greet(String first) {
        return "Hello again, " + first;
    }

    /** Takes the database's URL. */
    public static void main(String... args) {
        System.out.println("found: " + Connectors.names());
        try (App app = App.builder().url(args[0]).build()) {
            app.addTasks(new Greeter());
            Task<Name> greet = app.task("greet", Name.class).call(name -> "Hello, " + name.first() + " " + name.last());
            app.open();
            if (!app.schemaManager().isApplied()) {
                app.schemaManager().apply();
            }

            greet.defer(new Name("Ada", "Lovelace"));
            app.configureTask("greet.again").defer(Map.of("first", "Ada"));

            app.runWorker(WorkerOptions.builder()
                    .waitForJobs(false)
                    .onJobEnded(result -> System.out.println(result.value()))
                    .build());
        }
    }
}
