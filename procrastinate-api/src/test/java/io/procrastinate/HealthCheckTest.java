package io.procrastinate;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.memory.InMemoryConnector;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The health of an app for a probe: an answer in any case. */
class HealthCheckTest {

    private static final Duration LONG = Duration.ofMinutes(2);

    @Test
    void anOpenAppIsHealthy() {
        try (App app = App.builder().connector(new InMemoryConnector()).build().open()) {
            assertThat(app.health().isHealthy()).isTrue();
            assertThat(app.health(LONG)).isEqualTo(new AppHealth(null, null));
        }
    }

    @Test
    void anAppThatIsNotOpenAnswersToo() {
        try (App app = App.builder().connector(new InMemoryConnector()).build()) {
            assertThat(app.health().isHealthy()).isFalse();
            assertThat(app.health().problem()).contains("AppNotOpenException");
            assertThat(app.health().cause()).isNotNull();
        }
    }

    @Test
    void aDatabaseThatDoesNotAnswerIsAskedOnceAndNotWaitedFor() {
        CountDownLatch answered = new CountDownLatch(1);
        AtomicInteger looks = new AtomicInteger();
        HealthCheck check = new HealthCheck(() -> {
            looks.incrementAndGet();
            try {
                return answered.await(LONG.toSeconds(), TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });

        for (int time = 0; time < 3; time++) {
            assertThat(check.within(Duration.ofMillis(1)).problem()).contains("not answered within PT0.001S");
        }
        answered.countDown();

        assertThat(check.within(LONG).isHealthy()).isTrue();
        assertThat(looks).hasValueLessThanOrEqualTo(2);
    }

    @Test
    void aMissingSchemaAndAnyFailureAreToldInWords() {
        assertThat(new HealthCheck(() -> false).within(LONG).problem()).contains("no schema", "procrastinate schema");
        assertThat(new HealthCheck(() -> {
                            throw new StackOverflowError("deep\n");
                        })
                        .within(LONG)
                        .problem())
                .isEqualTo("The database cannot be used: java.lang.StackOverflowError: deep\\n");
    }

    @Test
    void anInterruptIsKept() {
        Thread.currentThread().interrupt();

        assertThat(new HealthCheck(() -> true).within(LONG).problem()).contains("interrupted");
        assertThat(Thread.interrupted()).isTrue();
    }
}
