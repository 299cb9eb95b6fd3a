package io.procrastinate;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.driver.Stages;
import io.procrastinate.memory.InMemoryConnector;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The health of an app for a probe, which always gets an answer. */
class HealthCheckTest {

    private static final Duration LONG = Duration.ofMinutes(2);

    @Test
    void anOpenAppIsHealthy() {
        try (App app = App.builder().connector(new InMemoryConnector()).build().open()) {
            assertThat(app.health().isHealthy()).isTrue();
            assertThat(app.health(LONG)).isEqualTo(new AppHealth(null, null));
            assertThat(Stages.join(app.healthAsync())).isEqualTo(new AppHealth(null, null));
        }
    }

    @Test
    void anAppThatIsNotOpenAnswersToo() {
        try (App app = App.builder().connector(new InMemoryConnector()).build()) {
            assertThat(app.health().isHealthy()).isFalse();
            assertThat(app.health().problem()).contains("AppNotOpenException");
            assertThat(app.health().cause()).isNotNull();
            assertThat(Stages.join(app.healthAsync(LONG)).problem()).contains("AppNotOpenException");
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
            assertThat(Stages.join(check.withinAsync(Duration.ofMillis(1))))
                    .isEqualTo(check.within(Duration.ofMillis(1)));
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
        CountDownLatch interrupted = new CountDownLatch(1);
        HealthCheck check = new HealthCheck(() -> {
            try {
                return interrupted.await(LONG.toSeconds(), TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        Thread.currentThread().interrupt();

        assertThat(check.within(LONG).problem()).contains("interrupted");
        assertThat(Thread.interrupted()).isTrue();
        interrupted.countDown();
    }
}
