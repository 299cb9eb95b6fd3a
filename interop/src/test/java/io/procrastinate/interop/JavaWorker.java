package io.procrastinate.interop;

import io.procrastinate.App;
import io.procrastinate.connector.ConnectorSettings;
import java.util.List;

/**
 * A Java worker in a separate process, which soon rescues the jobs of dead ones: {@code host port database concurrency
 * queues}.
 */
final class JavaWorker {

    private JavaWorker() {}

    public static void main(String... args) {
        ConnectorSettings settings = ConnectorSettings.builder()
                .host(args[0])
                .port(Integer.parseInt(args[1]))
                .user("postgres")
                .database(args[2])
                .sslMode("disable")
                .build();
        List<String> queues = args[4].isEmpty() ? List.of() : List.of(args[4].split(","));
        WorkerSetup setup = new WorkerSetup(queues, Integer.parseInt(args[3]), WorkerSetup.SOON);
        try (App app = App.create(settings)) {
            JavaTasks.addTo(app);
            app.runWorker(JavaTasks.rescuing(setup).installShutdownHook(true).build());
        }
    }
}
