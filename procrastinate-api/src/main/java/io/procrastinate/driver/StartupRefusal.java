package io.procrastinate.driver;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.SqlState;
import io.procrastinate.exception.ConnectorException;
import java.util.Locale;
import java.util.TimeZone;
import org.jspecify.annotations.Nullable;

/**
 * Recognises that the server, or a pooler in front of it, refused a connection because of a setting, and says what to
 * do.
 */
public final class StartupRefusal {

    private static final String PROTOCOL_VIOLATION = "08P01";
    private static final String INVALID_VALUE = "22023";
    private static final String UNDEFINED = "42704";

    private StartupRefusal() {}

    /**
     * Whether a pooler refused a connection because of a parameter that it does not know, as PgBouncer does with all
     * but a few. It may accept the connection without {@link SessionSettings}.
     */
    public static boolean isOfPooler(@Nullable String sqlState, @Nullable String message) {
        return PROTOCOL_VIOLATION.equals(sqlState)
                && message != null
                && message.toLowerCase(Locale.ROOT).contains("startup parameter");
    }

    /**
     * Returns the exception for a connection that could not be made, as {@link SqlState#exception}; but if a variable
     * was refused, one that says what to do and is not transient.
     *
     * @param settings those of the connection
     */
    public static ConnectorException exception(
            String attempt,
            ConnectorSettings settings,
            @Nullable String sqlState,
            @Nullable String message,
            @Nullable Throwable cause) {
        String advice = advice(settings, sqlState, message);
        return advice == null
                ? SqlState.exception(attempt, sqlState, message, null, cause)
                : new ConnectorException(
                        attempt + " failed: " + message + " (SQLSTATE " + sqlState + "). " + advice,
                        sqlState,
                        false,
                        cause);
    }

    private static @Nullable String advice(
            ConnectorSettings settings, @Nullable String sqlState, @Nullable String message) {
        String asked = "The settings ask for "
                + settings.variables().keySet().stream().sorted().toList();
        if (isOfPooler(sqlState, message)) {
            String reason =
                    "PgBouncer refuses start-up parameters that are not in its setting ignore_startup_parameters, and"
                            + " drops those that are. ";
            return settings.variables().isEmpty()
                    ? reason + "Add the parameter there: nothing is lost by that."
                    : reason + asked + ": leave them out, and set them for the role (ALTER ROLE ... SET ...) if they"
                            + " are needed; parameters that remain, such as extra_float_digits, belong there.";
        }
        String zone = TimeZone.getDefault().getID();
        if (INVALID_VALUE.equals(sqlState) && message != null && message.contains('"' + zone + '"')) {
            return "Java's time zone is '" + zone + "', which the server does not know: start Java with"
                    + " -Duser.timezone and a name of the IANA database, such as UTC or Asia/Kolkata.";
        }
        if ((UNDEFINED.equals(sqlState) || INVALID_VALUE.equals(sqlState))
                && !settings.variables().isEmpty()) {
            return asked
                    + ", because parameters of the URL, of the service or of PGOPTIONS that are not connection"
                    + " parameters are variables for the server: correct the one that is refused, or leave"
                    + " it out.";
        }
        return null;
    }
}
