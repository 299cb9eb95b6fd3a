package io.procrastinate.connector.pgjdbcng;

import com.impossibl.postgres.jdbc.PGDataSource;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ServerVariables;
import io.procrastinate.connector.jdbc.CallThreads;
import io.procrastinate.connector.jdbc.Quietly;
import io.procrastinate.driver.SessionSettings;
import io.procrastinate.exception.ConnectorException;
import java.net.UnknownHostException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeoutException;

/** Makes connections with the driver, within the time that the settings allow. */
final class PgjdbcNgConnections {

    /** How long an attempt may stay unanswered before this checks whether there is a server. */
    private static final Duration LOOK_AFTER = Duration.ofMillis(500);

    private final CallThreads threads = new CallThreads("procrastinate-pgjdbc-ng-connect");
    private final ConnectorSettings settings;
    private final PGDataSource dataSource;
    private final Map<String, String> variables;

    PgjdbcNgConnections(ConnectorSettings settings) {
        this.settings = settings;
        this.dataSource = dataSource(settings);
        this.variables = new HashMap<>(SessionSettings.parameters());
        this.variables.putAll(settings.variables());
    }

    /**
     * Connects on a separate thread: the driver waits up to two minutes, whatever its settings, and swallows
     * interrupts.
     */
    Connection connect() throws SQLException {
        Duration limit = settings.connectTimeout();
        try {
            return connect(System.nanoTime() + limit.toNanos());
        } catch (TimeoutException e) {
            throw new SQLException(settings.target() + " did not answer within " + limit, "08001", e);
        } catch (SQLException e) {
            throw String.valueOf(e.getMessage()).endsWith("is unresolved") ? unknownHost(e) : e;
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new SQLException("Connecting to " + settings.target() + " failed: " + e, "08001", e);
        }
    }

    /**
     * The driver does not notice if a connection is closed before its first message, and keeps waiting. So while there
     * is no answer, this checks whether there is a server at all and, if so, tries once more: the first attempt may
     * have been closed.
     */
    private Connection connect(long end) throws Exception {
        boolean again = false;
        CallThreads.Call<Connection> attempt = begin();
        while (true) {
            Duration left = Duration.ofNanos(Math.max(0, end - System.nanoTime()));
            try {
                return attempt.await(left.compareTo(LOOK_AFTER) < 0 ? left : LOOK_AFTER);
            } catch (TimeoutException e) {
                if (left.isZero()) {
                    return last(attempt, e);
                }
                ServerProbe.Answer answer = ServerProbe.ask(
                        settings.host(), settings.port(), left.compareTo(LOOK_AFTER) < 0 ? left : LOOK_AFTER);
                if (answer == ServerProbe.Answer.CLOSED) {
                    return last(
                            attempt,
                            new SQLException(settings.target() + " accepts connections and closes them", "08001", e));
                }
                if (answer == ServerProbe.Answer.SERVER && !again && attempt.giveUp(e)) {
                    again = true;
                    attempt = begin();
                }
            }
        }
    }

    private CallThreads.Call<Connection> begin() {
        return threads.begin(this::connectAndSet, Quietly::abort);
    }

    private static Connection last(CallThreads.Call<Connection> attempt, Exception failure) throws Exception {
        if (attempt.giveUp(failure)) {
            throw failure;
        }
        return attempt.await(Duration.ZERO); // it came at the last moment
    }

    /** Sets variables after connecting: the driver does not send them when it connects. */
    private Connection connectAndSet() throws SQLException {
        String trusted = settings.parameters().getOrDefault("sslrootcert", "system");
        if (settings.sslMode().equals("verify-full") && trusted.equals("system")) {
            throw ConnectorException.refusal(
                    "The connector 'pgjdbc-ng' trusts the authorities in a file, not those of Java: name the"
                            + " server's with the parameter 'sslrootcert'.");
        }
        Connection connection = dataSource.getConnection();
        if (!variables.isEmpty()) {
            try (Statement statement = connection.createStatement()) {
                statement.setEscapeProcessing(false);
                statement.execute(ServerVariables.sql(variables));
            } catch (SQLException | RuntimeException e) {
                Quietly.abort(connection);
                throw e;
            }
        }
        return connection;
    }

    private SQLException unknownHost(SQLException failure) {
        UnknownHostException cause = new UnknownHostException(settings.host());
        cause.addSuppressed(failure);
        return new SQLException("No address is known for " + settings.host(), "08001", cause);
    }

    private static PGDataSource dataSource(ConnectorSettings settings) {
        PGDataSource dataSource = new ParameterizedDataSource(settings.parameters());
        dataSource.setServerName(settings.host());
        dataSource.setPortNumber(settings.port());
        dataSource.setDatabaseName(settings.database());
        dataSource.setUser(settings.user());
        dataSource.setPassword(settings.password());
        dataSource.setApplicationName(settings.applicationName());
        dataSource.setSslMode(settings.sslMode());
        // The pool and the listening session close all connections; the driver needs no thread to find leaked ones.
        dataSource.setHousekeeper(false);
        return dataSource;
    }
}
