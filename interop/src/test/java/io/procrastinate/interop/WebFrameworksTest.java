package io.procrastinate.interop;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.procrastinate.App;
import io.procrastinate.task.JobDeferrer;
import io.procrastinate.worker.WorkerOptions;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The documentation's web applications in Python, which defer to a Java worker and get jobs from Java. */
class WebFrameworksTest {

    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final PythonRelease RELEASE = PythonRelease.NEWEST;

    /** The Java side of the documentation. */
    static final class Orders {

        record Confirm(@JsonProperty("order_id") long orderId) {}

        private final JobDeferrer<Map<String, @Nullable Object>> report;

        Orders(App app) {
            app.task("orders.confirm", Confirm.class)
                    .queue("java")
                    .call(order -> "order " + order.orderId() + " is confirmed");
            report = app.externalTask("orders.report").queue("python");
        }

        static void work(App app) {
            app.runWorker(WorkerOptions.builder().queues("java").build());
        }

        long report(long order) {
            return report.defer(Map.of("order_id", order));
        }
    }

    @Test
    void fastapiDefersToJavaAndBack() {
        try (SharedQueue queue = SharedQueue.ofJava(RELEASE)) {
            Orders orders = startJava(queue);

            run(queue, script("fastapi_client.py"));

            queue.awaitStatus(1, "succeeded");
            queue.keep(queue.python().startWorker("fastapi_shop.jobs", WorkerSetup.on("python")));
            queue.awaitStatus(orders.report(7), "succeeded");
        }
    }

    /** Django creates the schema by its own migrations. */
    @Test
    void djangoDefersToJavaAndBack() {
        try (SharedQueue queue = SharedQueue.empty(RELEASE)) {
            run(queue, script("manage.py"), "migrate");
            assertDjangoWorks(queue);
        }
    }

    /** Django's migrations are marked as done. */
    @Test
    void djangoWorksOnADatabaseOfOurs() {
        try (SharedQueue queue = SharedQueue.ofJava(RELEASE)) {
            run(queue, script("manage.py"), "migrate", "--fake", "procrastinate");
            run(queue, script("manage.py"), "procrastinate", "healthchecks");
            assertDjangoWorks(queue);
        }
    }

    private static void assertDjangoWorks(SharedQueue queue) {
        Orders orders = startJava(queue);

        run(queue, script("django_client.py"));

        queue.awaitAllEnded();
        assertThat(queue.java().jobs())
                .as("the job that was rolled back is not there")
                .hasSize(1)
                .allSatisfy(job -> assertThat(job).containsEntry("status", "succeeded"));
        long report = orders.report(7);
        run(queue, script("manage.py"), "procrastinate", "worker", "--one-shot", "--queues=python");
        assertThat(queue.java().status(report)).isEqualTo("succeeded");
    }

    private static Orders startJava(SharedQueue queue) {
        App app = App.create(queue.settings());
        Orders orders = new Orders(app);
        queue.keep(JavaSide.startWorker(
                app, JavaTasks.options(WorkerSetup.on("java")).build()));
        return orders;
    }

    private static String script(String name) {
        return PythonRelease.SOURCES.resolve(name).toString();
    }

    private static void run(SharedQueue queue, String... arguments) {
        try (ChildProcess process = RELEASE.python(queue.settings(), arguments)) {
            assertThat(process.awaitExit(PATIENCE)).as(process::toString).isZero();
        }
    }
}
