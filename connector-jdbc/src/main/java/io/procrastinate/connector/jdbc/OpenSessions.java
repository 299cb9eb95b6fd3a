package io.procrastinate.connector.jdbc;

import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.Notification;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The sessions of a connector that have not been closed yet, so that closing it ends them. Thread-safe. */
final class OpenSessions {

    private final Set<ListenSession> open = ConcurrentHashMap.newKeySet();

    ListenSession add(ListenSession session) {
        ListenSession tracked = new Tracked(session);
        open.add(tracked);
        return tracked;
    }

    void closeAll() {
        List.copyOf(open).forEach(ListenSession::close);
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
            session.close();
        }
    }
}
