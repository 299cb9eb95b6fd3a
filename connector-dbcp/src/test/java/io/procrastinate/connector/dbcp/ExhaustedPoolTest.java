package io.procrastinate.connector.dbcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.procrastinate.tck.StartedThreads;
import io.procrastinate.tck.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.stream.Stream;
import org.apache.commons.dbcp2.BasicDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A pool of one connection that blocks its callers for ever, as such pools do by default. */
class ExhaustedPoolTest {

    private static final Duration SHORT = Duration.ofMillis(20);
    private static final Duration BOUND = Duration.ofSeconds(30);

    @RegisterExtension
    final StartedThreads threads = new StartedThreads();

    private final TestDatabase database = TestDatabase.create();
    private final BasicDataSource pool = Pools.open(database.settings());

    @BeforeEach
    void waitForEver() {
        pool.setMaxTotal(1);
        pool.setMaxWait(Duration.ofMillis(-1));
    }

    @AfterEach
    void close() throws SQLException {
        pool.close();
        database.close();
    }

    @Test
    void keepsNoThreadOfACallerWhoGaveUp() throws SQLException {
        DbcpPool lender = new DbcpPool(pool, SHORT, System::nanoTime);
        try (Connection taken = pool.getConnection()) {
            assertThat(taken.isClosed()).isFalse();
            for (int time = 0; time < 10; time++) {
                assertThatThrownBy(lender::borrow)
                        .isInstanceOf(SQLTransientConnectionException.class)
                        .hasMessageContaining("gave no connection within");
            }
            await().atMost(BOUND)
                    .untilAsserted(() -> assertThat(threadsInThePool()).isZero());
        }
        await().atMost(BOUND).until(() -> pool.getNumActive() == 0);

        try (Connection connection = new DbcpPool(pool, BOUND, System::nanoTime).borrow()) {
            assertThat(connection.isValid(30)).isTrue();
        }
    }

    private long threadsInThePool() {
        return threads.threads().stream()
                .filter(thread -> Stream.of(thread.getStackTrace())
                        .anyMatch(frame -> frame.getClassName().equals(BasicDataSource.class.getName())))
                .count();
    }
}
