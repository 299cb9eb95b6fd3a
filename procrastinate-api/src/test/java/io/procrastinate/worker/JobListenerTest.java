package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.connector.Notification;
import io.procrastinate.memory.InMemoryConnector;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What notifications wake, from whatever sender. */
class JobListenerTest {

    private final AtomicInteger jobs = new AtomicInteger();
    private final AtomicInteger aborts = new AtomicInteger();
    private final AtomicInteger connections = new AtomicInteger();
    private final NotificationProbe probe =
            new NotificationProbe(WorkerOptions.defaults(), channel -> {}, System::nanoTime);
    private final JobListener listener = new JobListener(
            WorkerOptions.defaults(),
            new InMemoryConnector(),
            probe,
            jobs::incrementAndGet,
            aborts::incrementAndGet,
            connections::incrementAndGet);

    private void receive(String payload) {
        listener.onNotification(new Notification("procrastinate_any_queue_v1", payload));
    }

    @Test
    void wakesWhoAsksTheDatabase() {
        receive("{\"type\": \"job_inserted\", \"job_id\": 1}");
        assertThat(jobs).hasValue(1);
        assertThat(aborts).hasValue(0);

        receive("{\"type\": \"abort_job_requested\", \"job_id\": 1}");
        assertThat(jobs).hasValue(1);
        assertThat(aborts).hasValue(1);
    }

    @Test
    void looksForWhatItMissedWheneverAConnectionListens() {
        listener.onListening();

        assertThat(connections).hasValue(1);
        assertThat(jobs).hasValue(1);
        assertThat(aborts).hasValue(1);
    }

    @Test
    void isNotWokenByItsOwnVoice() {
        listener.onNotification(new Notification(probe.channel(), "{\"type\": \"job_inserted\", \"job_id\": 1}"));

        assertThat(jobs).hasValue(0);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "[]",
                "7",
                "\"abort_job_requested\"",
                "{\"type\": null}",
                "{\"type\": {\"type\": \"abort_job_requested\"}}",
                "{\"type\": \"abort_job_requested\"",
                "abort_job_requested"
            })
    void passesOverWhatItDoesNotUnderstand(String payload) {
        receive(payload);

        assertThat(jobs).hasValue(0);
        assertThat(aborts).hasValue(0);
    }

    @Test
    void isNotStoppedByWhatIsTooMuch() {
        receive("[".repeat(1_000_000));
        receive("{\"type\": 1" + "0".repeat(100_000) + "}");
        receive("{\"" + "x".repeat(1_000_000) + "\": 1}");

        receive("{\"type\": \"abort_job_requested\"}");

        assertThat(aborts).hasValue(1);
    }
}
