package io.procrastinate.connector.r2dbc;

import io.netty.channel.ConnectTimeoutException;
import io.procrastinate.connector.SqlState;
import io.procrastinate.driver.UnreplicatedCommit;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.ProcrastinateException;
import io.r2dbc.postgresql.api.ErrorDetails;
import io.r2dbc.postgresql.api.PostgresqlException;
import io.r2dbc.spi.R2dbcNonTransientResourceException;
import io.r2dbc.spi.R2dbcTransientResourceException;
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
        ErrorDetails refusal = refusal(failure);
        if (refusal != null) {
            return SqlState.exception(
                    attempt,
                    refusal.getCode(),
                    refusal.getMessage(),
                    refusal.getConstraintName().orElse(null),
                    failure);
        }
        boolean lost = isLoss(failure);
        String reason = lost ? "the connection was lost: " + reason(failure) : reason(failure);
        return new ConnectorException(attempt + " failed: " + reason, null, lost, failure);
    }

    /** A connection that could not be made. */
    static ProcrastinateException connecting(String target, Throwable failure, Duration limit) {
        String attempt = "Connecting to " + target;
        if (failure instanceof ProcrastinateException || refusal(failure) != null) {
            return of(attempt, failure);
        }
        if (failure instanceof TimeoutException || failure.getCause() instanceof ConnectTimeoutException) {
            return new ConnectorException(
                    attempt + " failed: no answer within " + limit + ". Is the address right and the server up?",
                    null,
                    true,
                    failure);
        }
        Throwable cause = failure.getCause() instanceof IOException deeper ? deeper : failure;
        return new ConnectorException(attempt + " failed: " + reason(cause), null, true, failure);
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
        ErrorDetails refusal = refusal(failure);
        if (refusal == null) {
            return false;
        }
        String state = refusal.getCode();
        return !state.startsWith("08")
                && (!state.startsWith("57") || state.equals(SqlState.QUERY_CANCELED))
                && !state.equals(SqlState.READ_ONLY);
    }

    /** What the server said, or null: the driver gives its own failures SQLSTATEs, too, but no severity. */
    static @Nullable ErrorDetails refusal(Throwable failure) {
        if (!(failure instanceof PostgresqlException known)) {
            return null;
        }
        ErrorDetails details = known.getErrorDetails();
        return details.getSeverityLocalized() == null ? null : details;
    }

    /** Whether the driver itself reports a connection that was lost, or never made. */
    private static boolean isOfDriver(Throwable failure) {
        return failure.getClass().getName().contains("PostgresConnection");
    }

    private static boolean isLoss(Throwable failure) {
        return failure instanceof R2dbcNonTransientResourceException
                || failure instanceof R2dbcTransientResourceException
                || failure instanceof IOException
                || isOfDriver(failure);
    }

    private static String reason(Throwable failure) {
        String message = failure.getMessage();
        return message == null || message.isBlank() ? failure.toString() : message;
    }
}
