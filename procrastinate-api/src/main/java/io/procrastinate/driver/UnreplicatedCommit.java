package io.procrastinate.driver;

import io.procrastinate.connector.SqlState;
import org.jspecify.annotations.Nullable;

/**
 * What the server says of a commit that it has made, but for whose standby it waits no longer, such as because the statement's
 * deadline has passed: a warning, where a statement that may be lost at the next failover needs an error. One for every
 * connector.
 */
public final class UnreplicatedCommit {

    /** What the statement fails with: with {@link SqlState#COMPLETION_UNKNOWN}. */
    public static final String REASON = "the server has committed it, and gave up waiting for its synchronous standby:"
            + " whether it outlasts a failover is not known";

    private static final String WARNING = "01000";

    /** The server's routine that waits for standbys, whatever the language of its messages. */
    private static final String ROUTINE = "SyncRepWaitForLSN";

    private static final String WORDS = "synchronous replication";

    private UnreplicatedCommit() {}

    /**
     * Whether a warning says so.
     *
     * @param sqlState the warning's
     * @param routine the routine of the server that warns, or null where the driver does not tell: then the words decide, which
     *     are known in English only
     * @param message the warning's
     */
    public static boolean isMeantBy(@Nullable String sqlState, @Nullable String routine, @Nullable String message) {
        return WARNING.equals(sqlState)
                && (routine != null ? routine.equals(ROUTINE) : message != null && message.contains(WORDS));
    }
}
