package io.procrastinate.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.procrastinate.App;
import io.procrastinate.job.JobStatus;
import io.procrastinate.memory.InMemoryConnector;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerOptions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** The claims of the page on logging. */
class LoggingTest {

    private final InMemoryConnector connector = new InMemoryConnector(() -> Instant.parse("2026-01-01T02:31:00Z"));
    private final App app = App.builder().connector(connector).build().open();
    private final Logger logger = (Logger) LoggerFactory.getLogger("io.procrastinate");
    private final Level before = logger.getLevel();
    private final ListAppender<ILoggingEvent> events = new ListAppender<>();

    @BeforeEach
    void listen() {
        events.start();
        logger.setLevel(Level.DEBUG);
        logger.addAppender(events);
    }

    @AfterEach
    void close() {
        logger.detachAppender(events);
        logger.setLevel(before);
        app.close();
    }

    @Test
    void deferringIsLogged() {
        app.externalTask("mail.send").defer(Map.of());
        app.externalTask("mail.send").batchDefer(List.of(Map.of(), Map.of()));

        assertThat(lines()).contains("DEBUG Deferred job mail.send 1", "DEBUG Deferred 2 jobs mail.send");
    }

    @Test
    void theEndOfAJobIsOneLine() {
        app.task("mail.send").call(args -> "to " + args.get("to"));
        app.configureTask("mail.send").defer(Map.of("to", "ada@example.com"));

        app.runWorker(WorkerOptions.builder().waitForJobs(false).build());

        assertThat(lines())
                .anyMatch(
                        line -> line.matches("INFO Job mail\\.send\\[1]\\(to='ada@example\\.com'\\) ended with status:"
                                + " Success, lasted \\d+\\.\\d{3} s - Result: to ada@example\\.com"));
    }

    @Test
    void periodicJobsAreLogged() {
        Backup.everyNight(app);
        try (Worker worker = app.worker(WorkerOptions.defaults())) {
            worker.start();
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> connector.jobs().stream().anyMatch(job -> job.status() == JobStatus.SUCCEEDED));
        }

        assertThat(lines()).contains("INFO Deferred periodic job 1 of backup for 2026-01-01T02:30:00Z");
    }

    private List<String> lines() {
        return new ArrayList<>(events.list)
                .stream()
                        .map(event -> event.getLevel() + " " + event.getFormattedMessage())
                        .toList();
    }
}
