package io.procrastinate.driver;

import io.procrastinate.connector.SqlState;
import io.procrastinate.exception.ConnectorException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Checks a connection that listens, when it begins to listen and then every few seconds: whether the server still
 * answers, and can still be written to. Only such a server sends notifications: after a failover, connections to the
 * former primary may stay open, and nothing else shows that the queue has moved.
 */
public final class ListeningCheck {

    /**
     * The statement to execute. It returns one row with one column of text, for {@link #check}. Its comment shows
     * administrators what the connection is for, as the last statement in {@code pg_stat_activity}.
     */
    public static final String QUERY = "SELECT current_setting('transaction_read_only') /* this connection listens */";

    /** How long after the last answer to execute it again: 5 seconds. */
    public static final Duration PAUSE = Duration.ofSeconds(5);

    /** How long the answer may take before the connection counts as lost: 5 seconds. */
    public static final Duration LIMIT = Duration.ofSeconds(5);

    private ListeningCheck() {}

    /**
     * Checks an answer to {@link #QUERY}.
     *
     * @param answer the text, or null if there was none
     * @throws ConnectorException if the session is read-only: transient, with {@link SqlState#READ_ONLY}
     */
    public static void check(@Nullable String answer) {
        if (!"off".equals(answer)) {
            throw SqlState.exception(
                    "Listening",
                    SqlState.READ_ONLY,
                    "the server is read-only, as a former primary is after a failover. Reconnecting until a"
                            + " connection leads to a server that can be written to",
                    null,
                    null);
        }
    }
}
