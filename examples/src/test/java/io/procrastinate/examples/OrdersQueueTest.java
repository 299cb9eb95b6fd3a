package io.procrastinate.examples;

import static io.procrastinate.testing.ProcrastinateAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.procrastinate.job.JobStatus;
import io.procrastinate.testing.ProcrastinateExtension;
import io.procrastinate.worker.JobResult;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests of an application's tasks, each on a database of its own. */
class OrdersQueueTest {

    @RegisterExtension
    final ProcrastinateExtension queue = ProcrastinateExtension.onPostgres().tasks(app -> app.addTasks(new Mailer()));

    @Test
    void mailsEachCustomerOnce(App app) {
        app.configureTask("mail.send").defer(Map.of("to", "ada@example.com", "copies", 2));

        assertThat(app)
                .deferred("mail.send")
                .with(Map.of("to", "ada@example.com", "copies", 2))
                .inQueue("mail")
                .once();
        assertThat(queue.drain()).extracting(JobResult::value).containsExactly("2 to ada@example.com");
    }

    @Test
    void mailsInTheEvening(App app) {
        long id =
                app.configureTask("mail.send").in(Duration.ofHours(6)).defer(Map.of("to", "a@b.example", "copies", 1));

        assertThat(queue.drain()).isEmpty();
        queue.advance(Duration.ofHours(6));

        assertThat(queue.drain()).hasSize(1);
        assertThat(app).hasJob(id, JobStatus.SUCCEEDED);
    }

    @RepeatedTest(3)
    void beginsWithAnEmptyQueue(App app) {
        assertThat(app).deferredNothing();
        app.configureTask("mail.send").defer(Map.of("to", "a@b.example", "copies", 1));
    }
}
