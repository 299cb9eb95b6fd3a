package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.App;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.SqlState;
import io.procrastinate.exception.InvalidJobException;
import io.procrastinate.exception.ProcrastinateException;
import io.procrastinate.exception.UniqueViolationException;
import io.procrastinate.job.Job;
import io.procrastinate.memory.InMemoryConnector;
import io.procrastinate.task.Periodic;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which times of a schedule are deferred as the database's clock advances, in leaps too. */
class PeriodicDeferrerTest {

    private final AtomicReference<Instant> clock = new AtomicReference<>(Instant.parse("2026-01-01T03:11:00Z"));
    private final InMemoryConnector connector = new InMemoryConnector(clock::get);
    private final App app = App.builder().connector(connector).build().open();
    private final PeriodicDeferrer deferrer = deferrer();

    @AfterEach
    void close() {
        app.close();
    }

    @Test
    void withoutAScheduleItDefersNothing() {
        app.task("tick").run(args -> {});

        assertThat(deferrer.defer()).isPositive();

        assertThat(connector.jobs()).isEmpty();
    }

    @Test
    void atFirstOnlyTheLastTimeIsDeferred() {
        app.task("tick").periodic("*/5 * * * *").run(args -> {});

        assertThat(deferrer.defer()).isLessThanOrEqualTo(Duration.ofMinutes(4));

        assertThat(times()).containsExactly("2026-01-01T03:10:00Z");
    }

    @Test
    void fromThenOnEveryTimeIsDeferredThatWasMissed() {
        app.task("tick").periodic("*/5 * * * *").run(args -> {});
        deferrer.defer();

        clock.set(Instant.parse("2026-01-01T03:26:00Z"));
        deferrer.defer();
        deferrer.defer();

        assertThat(times())
                .containsExactly(
                        "2026-01-01T03:10:00Z", "2026-01-01T03:15:00Z", "2026-01-01T03:20:00Z", "2026-01-01T03:25:00Z");
    }

    @Test
    void whatIsTooLongAgoIsLeftOut() {
        app.task("tick").periodic("*/5 * * * *").run(args -> {});
        deferrer.defer();

        clock.set(Instant.parse("2026-01-01T05:58:00Z"));
        deferrer.defer();

        assertThat(times())
                .containsExactly(
                        "2026-01-01T03:10:00Z", "2026-01-01T05:45:00Z", "2026-01-01T05:50:00Z", "2026-01-01T05:55:00Z");
    }

    @Test
    void schedulesOfOneTaskDoNotHinderEachOther() {
        app.task("tick")
                .periodic(Periodic.cron("*/5 * * * *").id("one"))
                .periodic(Periodic.cron("*/10 * * * *").id("other"))
                .run(args -> {});

        deferrer.defer();
        deferrer().defer();

        assertThat(times()).containsExactly("2026-01-01T03:10:00Z", "2026-01-01T03:10:00Z");
    }

    @Test
    void aScheduleThatFailsIsTriedAgainAndStopsNoOther() {
        Map<String, Object> changing = new HashMap<>();
        app.task("poison")
                .periodic(Periodic.cron("*/5 * * * *").args(Map.of("inner", changing)))
                .run(args -> {});
        app.task("tick").periodic("*/5 * * * *").run(args -> {});
        changing.put("x", Double.NaN);

        for (int time = 0; time < 2; time++) {
            assertThatThrownBy(deferrer::defer)
                    .isInstanceOf(ProcrastinateException.class)
                    .hasMessageContaining("poison")
                    .hasMessageNotContaining("tick")
                    .hasCauseInstanceOf(InvalidJobException.class);
            assertThat(connector.jobs()).extracting(Job::taskName).containsExactly("tick");
        }

        changing.clear();
        deferrer.defer();
        assertThat(connector.jobs()).extracting(Job::taskName).containsExactly("tick", "poison");
    }

    @Test
    void aTimeIsLeftOutForAQueueingLockOnly() {
        app.task("tick").periodic("*/5 * * * *").run(args -> {});
        PeriodicDeferrer refused = deferrer(
                new WorkerStore((query, connection) -> query.query().name().equals("defer_periodic")
                        ? CompletableFuture.failedFuture(
                                SqlState.exception("deferring", "23505", "duplicate", "audit_pkey", null))
                        : connector.execute(query)));

        assertThatThrownBy(refused::defer)
                .hasMessageContaining("tick")
                .hasCauseInstanceOf(UniqueViolationException.class);
    }

    private PeriodicDeferrer deferrer() {
        return deferrer(WorkerStore.over((AsyncConnector) app.connector()));
    }

    private PeriodicDeferrer deferrer(WorkerStore store) {
        WorkerOptions options =
                WorkerOptions.builder().periodicMaxDelay(Duration.ofMinutes(15)).build();
        return new PeriodicDeferrer(options, store, app.tasks(), app.jobManager());
    }

    private List<String> times() {
        return connector.jobs().stream()
                .map(job -> Instant.ofEpochSecond(Long.parseLong(job.args().replaceAll("\\D", "")))
                        .toString())
                .toList();
    }
}
