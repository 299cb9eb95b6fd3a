package io.procrastinate.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.procrastinate.App;
import io.procrastinate.adapter.QueryExecutor;
import io.procrastinate.connector.SqlState;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.AlreadyEnqueuedException;
import io.procrastinate.exception.BulkDeferException;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.InvalidJobException;
import io.procrastinate.memory.InMemoryConnector;
import io.procrastinate.task.JobDeferrer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Very many jobs from a source. */
class BulkDeferTest {

    private final App app = App.builder().connector(new InMemoryConnector()).build();
    private final List<BulkProgress> progress = new ArrayList<>();
    private int read;

    @BeforeEach
    void open() {
        Stages.join(app.openAsync());
    }

    @AfterEach
    void close() {
        app.close();
    }

    @Test
    void readsNoMoreThanTheNextStatementTakes() {
        List<Integer> ahead = new ArrayList<>();
        long deferred = app.jobManager().deferAll(source(2500), chunk -> {
            ahead.add(read - (int) chunk.deferred());
            progress.add(chunk);
        });

        assertThat(deferred).isEqualTo(2500);
        assertThat(ahead).hasSize(3).containsOnly(0);
        assertThat(progress).extracting(BulkProgress::deferred).containsExactly(1000L, 2000L, 2500L);
        assertThat(progress.stream().flatMap(chunk -> chunk.ids().stream()))
                .hasSize(2500)
                .isSorted()
                .doesNotHaveDuplicates();
    }

    @Test
    void aStageDoesTheSameHoweverLongTheSource() {
        assertThat(Stages.join(app.jobManager().deferAllAsync(source(30_000), progress::add)))
                .isEqualTo(30_000);
        assertThat(progress).hasSize(30);
    }

    @Test
    void nothingFromNothing() {
        assertThat(app.jobManager().deferAll(source(0), progress::add)).isZero();
        assertThat(progress).isEmpty();
    }

    @Test
    void tellsWhatWasDeferredBeforeARefusal() {
        Stream<NewJob> jobs = Stream.iterate(0, number -> number + 1)
                .limit(3000)
                .map(number -> number == 1500 || number == 1600 ? job().queueingLock("twice") : job());

        assertThatExceptionOfType(BulkDeferException.class)
                .isThrownBy(() -> app.jobManager().deferAll(jobs.iterator(), progress::add))
                .withCauseInstanceOf(AlreadyEnqueuedException.class)
                .satisfies(e -> assertThat(e.deferred()).isEqualTo(1000))
                .satisfies(e -> assertThat(e.failed()).isEqualTo(1000))
                .satisfies(e -> assertThat(e.inDoubt()).isFalse());
        assertThat(app.jobManager().queues(JobFilter.ALL).get(0).total()).isEqualTo(1000);
    }

    @Test
    void tellsWhatWasDeferredBeforeTheSourceFailed() {
        JobDeferrer<Map<String, @Nullable Object>> task = app.externalTask("task");
        Iterator<Map<String, @Nullable Object>> args = Stream.iterate(0, number -> number + 1)
                .map(number -> Map.<String, @Nullable Object>of("n", number == 1010 ? Double.NaN : number))
                .iterator();

        assertThatExceptionOfType(BulkDeferException.class)
                .isThrownBy(() -> task.deferAll(args, progress::add))
                .withCauseInstanceOf(InvalidJobException.class)
                .satisfies(e -> assertThat(e.deferred()).isEqualTo(1000))
                .satisfies(e -> assertThat(e.failed()).isZero());
    }

    @Test
    void theListenerEndsIt() {
        assertThatExceptionOfType(BulkDeferException.class)
                .isThrownBy(() -> Stages.join(app.jobManager().deferAllAsync(source(5000), chunk -> {
                    if (chunk.deferred() == 2000) {
                        throw new NoSuchElementException("enough");
                    }
                })))
                .withMessageContaining("enough")
                .satisfies(e -> assertThat(e.deferred()).isEqualTo(2000));
        assertThat(app.jobManager().queues(JobFilter.ALL).get(0).total()).isEqualTo(2000);
    }

    @Test
    void saysWhenItIsInDoubt() {
        QueryExecutor lost = (query, connection) -> CompletableFuture.failedFuture(
                SqlState.exception("query defer_jobs", null, "connection lost", null, null));
        JobManager jobs = new JobManager(lost, lost, () -> true);

        assertThatExceptionOfType(BulkDeferException.class)
                .isThrownBy(() -> jobs.deferAll(source(10), progress::add))
                .withCauseInstanceOf(ConnectorException.class)
                .satisfies(e -> assertThat(e.failed()).isEqualTo(10))
                .satisfies(e -> assertThat(e.inDoubt()).isTrue());
    }

    private Iterator<NewJob> source(int jobs) {
        return Stream.generate(BulkDeferTest::job)
                .limit(jobs)
                .peek(job -> read++)
                .iterator();
    }

    private static NewJob job() {
        return NewJob.of("task").queue("queue");
    }
}
