package io.procrastinate.connector.jdbc;

import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.Notification;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The open sessions of a connector, which end when it is closed. Thread-safe. */
final class OpenSessions {

    /** How long closing waits for connections on their way back to the application's pool, which may be closed next. */
    private static final Duration LIMIT = Duration.ofSeconds(5);

    private static final Logger LOGGER = LoggerFactory.getLogger(OpenSessions.class);

    private final Set<ListenSession> open = ConcurrentHashMap.newKeySet();
    private final Queue<CompletableFuture<?>> returning = new ConcurrentLinkedQueue<>();

    ListenSession add(ListenSession session) {
        ListenSession tracked = new Tracked(session);
        open.add(tracked);
        return tracked;
    }

    void closeAll() {
        List.copyOf(open).forEach(ListenSession::close);
        try {
            HeldInterrupt.during(() -> CompletableFuture.allOf(returning.toArray(CompletableFuture<?>[]::new))
                    .get(LIMIT.toMillis(), TimeUnit.MILLISECONDS));
        } catch (Exception e) {
            LOGGER.debug("Connections have not come back to their pool within {}", LIMIT, e);
        }
    }

    private void track(CompletableFuture<?> gone) {
        returning.removeIf(CompletableFuture::isDone);
        returning.add(gone);
    }

    private final class Tracked implements ListenSession {

        private final ListenSession session;

        Tracked(ListenSession session) {
            this.session = session;
        }

        @Override
        public List<Notification> await(Duration timeout) {
            return session.await(timeout);
        }

        @Override
        public void ping(Duration deadline) {
            session.ping(deadline);
        }

        @Override
        public void close() {
            open.remove(this);
            CompletableFuture<?> gone = session instanceof BorrowedSession borrowed ? borrowed.gone() : null;
            if (gone != null) {
                track(gone);
            }
            session.close();
        }
    }
}
