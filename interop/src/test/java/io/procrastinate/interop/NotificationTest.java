package io.procrastinate.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A job that one side defers wakes the workers of the other side, which would otherwise not look for an hour. */
class NotificationTest extends BothWays {

    @ParameterizedTest
    @ValueSource(strings = {"", "shared", "größe"})
    void notificationWakesTheOtherSide(String name) {
        work((name.isEmpty() ? WorkerSetup.on() : WorkerSetup.on(name)).polling(WorkerSetup.NEVER));
        String served = name.isEmpty() ? "any" : name;

        for (int round = 0; round < 3; round++) {
            awaitIdle();
            queue.awaitStatus(from.defer(SharedQueue.job(served, "echo")), "succeeded");
        }
        awaitIdle();
        from.batchDefer(SharedQueue.job(served, "echo"), List.of("{}", "{}", "{}"));
        queue.awaitAllEnded();

        assertThat(queue.journalled("ran")).isEqualTo(6);
    }

    /** Waits until the worker listens and no statement of either side is still running. */
    private void awaitIdle() {
        SharedQueue.await("an idle worker")
                .until(() -> queue.database()
                                .number("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                                        + " AND pid <> pg_backend_pid() AND query ILIKE '%listen%'")
                        > 0);
        SharedQueue.await("an idle worker")
                .until(() -> queue.database()
                                .number("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND"
                                        + " pid <> pg_backend_pid() AND (state <> 'idle' OR state_change >"
                                        + " clock_timestamp() - interval '0.3 s')")
                        == 0);
    }
}
