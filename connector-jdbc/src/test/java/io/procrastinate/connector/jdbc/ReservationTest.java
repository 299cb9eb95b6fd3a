package io.procrastinate.connector.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.procrastinate.tck.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReservationTest {

    private static final Duration LONG = Duration.ofSeconds(30);

    private final TestDatabase database = TestDatabase.create();
    private final RecordingDataSource dataSource = new RecordingDataSource(database.dataSource());
    private final ApplicationPool pool = new ApplicationPool(new DataSourcePool(dataSource), 2, Duration.ofSeconds(10));
    private volatile boolean open = true;
    private volatile boolean leaving;
    private volatile @Nullable Thread next;
    private final CountDownLatch nextHasTheTurn = new CountDownLatch(1);
    private final CountDownLatch lastHasLeft = new CountDownLatch(1);
    private final Reservation reservation = new Reservation(this::open, LONG);

    @AfterEach
    void close() {
        database.close();
    }

    /**
     * The connector's pool, which both threads look for: the one that gives the connection back, after releasing the
     * turn, and the next one, which has the turn then. They continue in such an order that the first cannot take the
     * turn again.
     */
    private @Nullable ConnectionPool open() {
        if (Thread.currentThread().equals(next)) {
            nextHasTheTurn.countDown();
            awaitLatch(lastHasLeft);
        } else if (leaving) {
            awaitLatch(nextHasTheTurn);
        }
        return open ? pool : null;
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            assertThat(latch.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void leavesNoConnectionToAStatementThatFindsTheConnectorClosed() throws SQLException {
        Connection connection = reservation.borrow();
        CompletableFuture<@Nullable Throwable> refused = new CompletableFuture<>();
        Thread waiter = new Thread(() -> refused.complete(catchThrowable(reservation::borrow)));
        next = waiter;
        waiter.start();
        await().until(() -> waiter.getState() == Thread.State.TIMED_WAITING);

        open = false;
        reservation.connectorClosed();
        assertThat(dataSource.open()).as("connections in use").isOne();
        leaving = true;
        reservation.giveBack(connection);
        lastHasLeft.countDown();

        assertThat(refused.join()).isInstanceOf(SQLException.class);
        await().untilAsserted(() ->
                assertThat(dataSource.open()).as("connections in use").isZero());
    }
}
