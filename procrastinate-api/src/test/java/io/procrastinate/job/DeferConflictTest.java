package io.procrastinate.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.procrastinate.adapter.QueryExecutor;
import io.procrastinate.connector.Row;
import io.procrastinate.exception.AlreadyEnqueuedException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * What the database answers when the waiting job comes or goes while the statement runs: seldom, so it is played here.
 */
class DeferConflictTest {

    private final Deque<List<Row>> answers = new ArrayDeque<>();
    private final List<String> asked = new ArrayList<>();
    private final QueryExecutor executor = (query, connection) -> {
        asked.add(query.query().name());
        return CompletableFuture.completedFuture(answers.remove());
    };
    private final JobManager jobs = new JobManager(executor, executor, () -> true);
    private final NewJob job = NewJob.of("task").queue("queue").queueingLock("alone");

    @Test
    void findsTheJobThatWasCommittedMeanwhile() {
        answers.add(deferred(null, false));
        answers.add(waiting(7));

        assertThatExceptionOfType(AlreadyEnqueuedException.class)
                .isThrownBy(() -> jobs.defer(job))
                .satisfies(e -> assertThat(e.waitingJobId()).isEqualTo(7));
        assertThat(asked).containsExactly("defer_job", "waiting_job");
    }

    @Test
    void defersAgainWhenTheWaitingJobHasGone() {
        answers.add(deferred(null, false));
        answers.add(List.of());
        answers.add(deferred(8L, true));

        assertThat(jobs.defer(job)).isEqualTo(8);
    }

    @Test
    void givesUpAfterAFewRounds() {
        for (int round = 0; round < 3; round++) {
            answers.add(deferred(null, false));
            answers.add(List.of());
        }

        assertThatExceptionOfType(AlreadyEnqueuedException.class).isThrownBy(() -> jobs.defer(job));
        assertThat(answers).isEmpty();
    }

    private static List<Row> deferred(@Nullable Long id, boolean inserted) {
        return List.of(Row.columns(List.of("id", "inserted")).row(id, inserted));
    }

    private static List<Row> waiting(long id) {
        return List.of(Row.columns(List.of("id")).row(id));
    }
}
