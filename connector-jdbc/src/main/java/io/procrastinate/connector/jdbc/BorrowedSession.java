package io.procrastinate.connector.jdbc;

import io.procrastinate.connector.ListenSession;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A session on a connection that may belong to a pool, to which it returns some time after the session was closed. */
public interface BorrowedSession extends ListenSession {

    /** Completes when the connection has been returned; null if it is the session's own. */
    @Nullable
    CompletableFuture<?> gone();
}
