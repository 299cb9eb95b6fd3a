package io.procrastinate.connector.jdbc;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.SqlState;
import io.procrastinate.driver.StartupRefusal;
import io.procrastinate.exception.ConnectorException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** Translates a driver's exceptions into ours: the one place that interprets JDBC's errors. Thread-safe. */
final class Failures {

    private final JdbcDialect dialect;

    Failures(JdbcDialect dialect) {
        this.dialect = dialect;
    }

    /** The exception for a failure to get a connection, or on a connection that survived. */
    ConnectorException translate(String attempt, Exception failure) {
        if (failure instanceof ConnectorException known) {
            return known;
        }
        String state = dialect.sqlState(failure);
        String text = failure.getMessage();
        String reason = text == null || !(failure instanceof SQLException) ? failure.toString() : text;
        if (!(failure instanceof SQLException sql)) {
            // No driver should throw this: it counts as transient only if the connection was lost.
            return new ConnectorException(attempt + " failed: " + reason, state, false, failure);
        }
        String constraint = SqlState.UNIQUE_VIOLATION.equals(state) ? dialect.constraint(sql) : null;
        return SqlState.exception(attempt, state, reason, constraint, failure);
    }

    /** The exception for a failure on a connection: if the connection was lost, another one may succeed. */
    ConnectorException translate(String attempt, Exception failure, boolean lost) {
        ConnectorException translated = translate(attempt, failure);
        return !lost || translated.isTransient()
                ? translated
                : new ConnectorException(
                        attempt + " failed: the connection was lost: " + failure, translated.sqlState(), true, failure);
    }

    /** The exception for a pool that could not be opened from settings. */
    ConnectorException opening(String connector, ConnectorSettings settings, Exception failure) {
        String attempt = "Opening the connector '" + connector + "' for " + settings.user() + "@" + settings.target()
                + hint(settings, failure);
        return failure instanceof SQLException refusal
                ? StartupRefusal.exception(attempt, settings, dialect.sqlState(refusal), refusal.getMessage(), refusal)
                : translate(attempt, failure);
    }

    private static String hint(ConnectorSettings settings, @Nullable Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnknownHostException) {
                return " (no host has the name " + settings.host() + ")";
            }
            if (cause instanceof SocketTimeoutException) {
                return " (no answer within " + settings.connectTimeout() + ")";
            }
            if (cause instanceof ConnectException) {
                return " (no server listens at " + settings.host() + ":" + settings.port() + ")";
            }
        }
        return "";
    }
}
