package io.procrastinate.connector;

import io.procrastinate.annotation.Internal;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.UniqueViolationException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Turns a driver's failure into ours by its SQLSTATE, so that all connectors report it alike. The classes are those of
 * PostgreSQL's documentation, appendix A.
 */
public final class SqlState {

    /** {@code unique_violation} */
    public static final String UNIQUE_VIOLATION = "23505";

    /** {@code query_canceled}: the server stopped the statement at its deadline. */
    public static final String QUERY_CANCELED = "57014";

    /** {@code lock_not_available}: the statement waited for a lock as long as it was allowed to. */
    public static final String LOCK_NOT_AVAILABLE = "55P03";

    /** {@code foreign_key_violation} */
    public static final String FOREIGN_KEY_VIOLATION = "23503";

    /**
     * {@code read_only_sql_transaction}: a standby, or a primary that is about to be one. The session may stay
     * read-only when other sessions can write: its connection should not be used again.
     */
    public static final String READ_ONLY = "25006";

    /** {@code statement_completion_unknown}: the statement may have been executed, as after a lost connection. */
    public static final String COMPLETION_UNKNOWN = "40003";

    /** {@code deadlock_detected}, {@code serialization_failure}: nothing was done, and a repetition may succeed. */
    private static final Set<String> UNDONE_BY_OTHERS = Set.of("40P01", "40001");

    private static final Set<String> TRANSIENT_CLASSES = Set.of(
            "08", // connection exception
            "40", // transaction rollback: serialization failure, deadlock
            "53", // insufficient resources
            "57"); // operator intervention: shutdown, crash, starting up, cancelled

    private static final Set<String> TRANSIENT_STATES = Set.of(
            READ_ONLY,
            LOCK_NOT_AVAILABLE,
            "25P03", // idle_in_transaction_session_timeout
            "26000", // a prepared statement that a pooler has lost
            "0A000"); // feature_not_supported: "cached plan must not change result type" after DDL

    private static final Set<String> REFUSED_CLASSES = Set.of(
            "21", // cardinality violation
            "22", // data exception
            "23", // integrity constraint violation
            "2F", // SQL routine exception
            "38", // external routine exception
            "39", // external routine invocation exception
            "3F", // invalid schema name
            "42", // syntax error or access rule violation
            "44", // WITH CHECK OPTION violation
            "54", // program limit exceeded
            "P0"); // raised by PL/pgSQL

    private SqlState() {}

    /**
     * Whether a failure with this state may go away on its own. A failure without a state is a lost connection, which
     * may.
     */
    public static boolean isTransient(@Nullable String sqlState) {
        return sqlState == null
                || sqlState.length() < 2
                || TRANSIENT_CLASSES.contains(sqlState.substring(0, 2))
                || TRANSIENT_STATES.contains(sqlState);
    }

    /**
     * Whether a statement that failed with this state, as a transaction of its own, was undone only because of
     * concurrent transactions: it can be sent again immediately.
     *
     * @hidden
     */
    @Internal
    public static boolean isUndoneByOthers(@Nullable String sqlState) {
        return sqlState != null && UNDONE_BY_OTHERS.contains(sqlState);
    }

    /**
     * Whether the server refused a statement for its contents, such as data, names or sizes: if it was a transaction of
     * its own, nothing of it was done.
     *
     * @hidden
     */
    @Internal
    public static boolean isRefusal(@Nullable String sqlState) {
        return sqlState != null && sqlState.length() == 5 && REFUSED_CLASSES.contains(sqlState.substring(0, 2));
    }

    /**
     * Returns the exception for a failure that the server or the driver reported.
     *
     * @param attempt what was tried, such as {@code query fetch_jobs}
     * @param sqlState the SQLSTATE, or null if there is none
     * @param reason the server's or the driver's message
     * @param constraint the constraint that was violated, or null if there is none or it is not known
     * @param cause the driver's exception
     */
    public static ConnectorException exception(
            String attempt,
            @Nullable String sqlState,
            @Nullable String reason,
            @Nullable String constraint,
            @Nullable Throwable cause) {
        String message = attempt + " failed: " + reason + (sqlState == null ? "" : " (SQLSTATE " + sqlState + ")");
        return UNIQUE_VIOLATION.equals(sqlState)
                ? new UniqueViolationException(message, constraint, cause)
                : new ConnectorException(message, sqlState, isTransient(sqlState), cause);
    }
}
