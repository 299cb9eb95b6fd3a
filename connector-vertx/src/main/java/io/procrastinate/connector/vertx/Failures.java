package io.procrastinate.connector.vertx;

import io.netty.channel.ConnectTimeoutException;
import io.procrastinate.connector.SqlState;
import io.procrastinate.driver.UnreplicatedCommit;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.ProcrastinateException;
import io.vertx.core.VertxException;
import io.vertx.pgclient.PgException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Translates the driver's failures. */
final class Failures {

    private Failures() {}

    /**
     * Returns the exception for a failure of the driver; our own exceptions are returned unchanged.
     *
     * @param attempt what was tried, such as {@code query fetch_jobs}
     */
    static ProcrastinateException of(String attempt, Throwable failure) {
        if (failure instanceof ProcrastinateException known) {
            return known;
        }
        if (failure instanceof PgException refusal) {
            return SqlState.exception(
                    attempt, refusal.getSqlState(), refusal.getErrorMessage(), refusal.getConstraint(), refusal);
        }
        boolean lost = isLoss(failure);
        String reason = lost ? "the connection was lost: " + reason(failure) : reason(failure);
        return new ConnectorException(attempt + " failed: " + reason, null, lost, failure);
    }

    /** A connection that could not be made. */
    static ProcrastinateException connecting(String target, Throwable failure, Duration limit) {
        String attempt = "Connecting to " + target;
        if (failure instanceof TimeoutException || failure instanceof ConnectTimeoutException) {
            return new ConnectorException(
                    attempt + " failed: no answer within " + limit + ". Is the address right and the server up?",
                    null,
                    true,
                    failure);
        }
        if (failure instanceof PgException || failure instanceof ProcrastinateException) {
            return of(attempt, failure);
        }
        return new ConnectorException(attempt + " failed: " + reason(failure), null, true, failure);
    }

    /** A statement that its deadline stopped. */
    static ConnectorException deadline(String attempt, Duration limit, @Nullable Throwable cause) {
        return SqlState.exception(attempt, SqlState.QUERY_CANCELED, "no answer within " + limit, null, cause);
    }

    /** A statement that was committed without the standby that the server waits for. */
    static ConnectorException unreplicated(String attempt) {
        return SqlState.exception(attempt, SqlState.COMPLETION_UNKNOWN, UnreplicatedCommit.REASON, null, null);
    }

    /** Whether the server refused only the statement, so that the connection remains usable. */
    static boolean leavesConnectionUsable(Throwable failure) {
        if (failure instanceof PgException refusal) {
            String state = refusal.getSqlState();
            return state != null
                    && !state.startsWith("08")
                    && (!state.startsWith("57") || state.equals(SqlState.QUERY_CANCELED))
                    && !state.equals(SqlState.READ_ONLY);
        }
        return false;
    }

    /**
     * Whether the statement was refused because the connection's cached plan is stale. Decided by the state alone: the
     * message is in the server's language.
     */
    static boolean isStalePlan(Throwable failure) {
        return failure instanceof PgException refusal
                && ("26000".equals(refusal.getSqlState()) || "0A000".equals(refusal.getSqlState()));
    }

    /** Whether the server has forgotten a plan that the driver still has. */
    static boolean hasLostPlans(Throwable failure) {
        return failure instanceof PgException refusal && "26000".equals(refusal.getSqlState());
    }

    private static boolean isLoss(Throwable failure) {
        // The driver reports a closed connection, and what waited behind it, as exceptions of this root.
        return failure instanceof VertxException || failure instanceof IOException;
    }

    private static String reason(Throwable failure) {
        String message = failure.getMessage();
        return message == null || message.isBlank() ? failure.toString() : message;
    }
}
