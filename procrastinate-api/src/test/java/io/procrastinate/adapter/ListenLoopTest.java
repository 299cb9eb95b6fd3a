package io.procrastinate.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.SqlState;
import io.procrastinate.connector.Subscription;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.ConnectorException;
import java.time.Duration;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ListenLoopTest {

    private static final BoundQuery QUERY =
            Query.named("q").sql("SELECT 1 AS one").bind().build();

    private final BlockingQueue<String> done = new LinkedBlockingQueue<>();
    private final FakeSyncConnector connector = new FakeSyncConnector("listening") {
        @Override
        public Set<Capability> capabilities() {
            return EnumSet.allOf(Capability.class);
        }

        @Override
        public ListenSession listen(Collection<String> channels) {
            done.add("listen " + channels);
            return new Session();
        }
    };

    @Test
    void asksForASignOfLifeBeforeItTellsAndAtOnceWhereAnotherConnectionIsReadOnly() throws Exception {
        AsyncConnector async = ThreadedConnector.over(connector);
        Stages.join(async.openAsync(null));
        try (Subscription subscription = async.listen(List.of("c"), new Told())) {
            assertThat(subscription).isNotNull();
            assertThat(List.of(done.take(), done.take(), done.take(), done.take()))
                    .containsExactly("listen [c]", "ping", "listening", "await");
            connector.fail(SqlState.exception("Query q", SqlState.READ_ONLY, "read-only", null, null));
            assertThatThrownBy(() -> Stages.join(async.execute(QUERY))).isInstanceOf(ConnectorException.class);
            connector.fail(null);
            int awaits = 0;
            while (!done.take().equals("ping")) {
                awaits++;
            }
            assertThat(awaits)
                    .as("waits for notifications, of which it takes five to be asked anyway")
                    .isLessThan(4);
        }
        Stages.join(async.closeAsync());
    }

    private final class Session implements ListenSession {

        private final BlockingQueue<String> nothing = new LinkedBlockingQueue<>();

        @Override
        public List<Notification> await(Duration timeout) {
            done.add("await");
            try {
                String came = nothing.poll(timeout.toNanos(), TimeUnit.NANOSECONDS);
                assertThat(came).isNull();
                return List.of();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void ping(Duration deadline) {
            done.add("ping");
        }

        @Override
        public void close() {
            done.add("close");
        }
    }

    private final class Told implements NotificationListener {

        @Override
        public void onListening() {
            done.add("listening");
        }

        @Override
        public void onNotification(Notification notification) {
            done.add(notification.payload());
        }

        @Override
        public void onLost(ConnectorException cause) {
            done.add("lost");
        }
    }
}
