package io.procrastinate.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.SqlState;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.ConnectorException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QueryExecutorTest {

    private static final BoundQuery QUERY =
            Query.named("query").sql("SELECT 1").bind().build();

    private final AtomicInteger sent = new AtomicInteger();

    @ParameterizedTest
    @ValueSource(strings = {"40P01", "40001"})
    void sendsAgainWhatOthersUndid(String sqlState) {
        QueryExecutor executor = failing(2, sqlState).repeatingUndone();

        assertThat(Stages.join(executor.execute(QUERY, null))).isEmpty();
        assertThat(sent).hasValue(3);
    }

    @Test
    void givesUpAfterAFewTimes() {
        QueryExecutor executor = failing(Integer.MAX_VALUE, "40P01").repeatingUndone();

        assertThatThrownBy(() -> Stages.join(executor.execute(QUERY, null))).isInstanceOf(ConnectorException.class);
        assertThat(sent).hasValue(1 + QueryExecutor.MOST_REPETITIONS);
    }

    @Test
    void sendsOnceWhatFailedOtherwiseOrBelongsToTheCallersTransaction() {
        assertThatThrownBy(
                        () -> Stages.join(failing(1, "57014").repeatingUndone().execute(QUERY, null)))
                .isInstanceOf(ConnectorException.class);
        assertThatThrownBy(
                        () -> Stages.join(failing(1, "40P01").repeatingUndone().execute(QUERY, new Object())))
                .isInstanceOf(ConnectorException.class);
        assertThat(sent).hasValue(1);
    }

    private QueryExecutor failing(int times, String sqlState) {
        sent.set(0);
        return (query, connection) -> sent.incrementAndGet() <= times
                ? CompletableFuture.failedFuture(SqlState.exception("Query", sqlState, "refused", null, null))
                : CompletableFuture.completedFuture(List.of());
    }
}
