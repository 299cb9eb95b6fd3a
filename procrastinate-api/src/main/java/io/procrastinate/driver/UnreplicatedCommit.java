package io.procrastinate.driver;

import io.procrastinate.connector.SqlState;
import org.jspecify.annotations.Nullable;

/**
 * Recognises the warning that the server has committed without its synchronous standby, because it stopped waiting for
 * that, for instance when the statement's deadline had passed. The next failover may lose such a commit, so every
 * connector reports it as the same error.
 */
public final class UnreplicatedCommit {

    /** The reason of the error, whose state is {@link SqlState#COMPLETION_UNKNOWN}. */
    public static final String REASON = "the server has committed it, but gave up waiting for its synchronous"
            + " standby: whether it survives a failover is unknown";

    private static final String WARNING = "01000";

    /** The server's routine that waits for standbys, whatever the language of its messages. */
    private static final String ROUTINE = "SyncRepWaitForLSN";

    private static final String WORDS = "synchronous replication";

    private UnreplicatedCommit() {}

    /**
     * Whether a warning is about such a commit.
     *
     * @param sqlState the warning's
     * @param routine the routine of the server that warns, or null if the driver does not report it: then the message
     *     is compared, in English only
     * @param message the warning's
     */
    public static boolean isMeantBy(@Nullable String sqlState, @Nullable String routine, @Nullable String message) {
        return WARNING.equals(sqlState)
                && (routine != null ? routine.equals(ROUTINE) : message != null && message.contains(WORDS));
    }
}
