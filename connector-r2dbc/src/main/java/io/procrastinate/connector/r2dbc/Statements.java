package io.procrastinate.connector.r2dbc;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.Row;
import io.r2dbc.postgresql.api.PostgresqlConnection;
import io.r2dbc.spi.Connection;
import io.r2dbc.spi.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Executes statements, each with a deadline that holds whatever the network does. Thread-safe. */
final class Statements {

    /** How long a cancelled statement may take to stop before its failure is reported. */
    private static final Duration STOPPING = Duration.ofSeconds(1);

    private static final Logger LOGGER = LoggerFactory.getLogger(Statements.class);

    private final ConnectorSettings settings;

    Statements(ConnectorSettings settings) {
        this.settings = settings;
    }

    /** Executes a query on one of the connections. */
    Future<List<Row>> execute(BoundQuery query, Connections connections) {
        return lend(
                        connections,
                        "query " + query,
                        query.deadline(settings),
                        Afterwards.KEEP,
                        connection -> prepared(query, connection))
                .map(Answers::rows);
    }

    /** Executes a query on the caller's connection, within whatever transaction it has. */
    Future<List<Row>> execute(BoundQuery query, Connection connection, PostgresqlConnection server) {
        Duration limit = query.deadline(settings);
        String attempt = "query " + query;
        Future<Answers> running = start(connection, it -> prepared(query, it));
        return running.timeout(limit)
                .recover(failure -> failure instanceof TimeoutException
                        ? stop(server, running)
                                .compose(stopped -> Future.failed(Failures.deadline(attempt, limit, failure)))
                        : Future.failed(Failures.of(attempt, failure)))
                .map(Answers::rows);
    }

    /** Runs a script. The server treats a message of several statements as one transaction. */
    Future<@Nullable Void> script(String sql, Connections connections) {
        return lend(
                        connections,
                        "the script",
                        settings.statementTimeout(),
                        Afterwards.THROW_AWAY,
                        connection -> Answers.execute(connection.createStatement(EscapeStrings.plain(sql))))
                .map(answers -> null);
    }

    /** Asks the server to stop a statement; the future completes when the statement has ended, or soon after. */
    static Future<@Nullable Void> stop(PostgresqlConnection server, Future<?> running) {
        Future.of(server.cancelRequest())
                .onFailure(failure -> LOGGER.debug("The server could not be asked to stop a statement", failure));
        return running.timeout(STOPPING).anyway(Future.done());
    }

    private Future<Answers> lend(
            Connections connections,
            String attempt,
            Duration limit,
            Afterwards afterwards,
            Function<Connection, Future<Answers>> statement) {
        long begin = System.nanoTime();
        Duration wait = limit.compareTo(settings.connectTimeout()) < 0 ? limit : settings.connectTimeout();
        return connections.take(wait).compose(lease -> {
            Duration left = limit.minusNanos(System.nanoTime() - begin);
            Future<Answers> running = start(lease.connection(), statement);
            return running.timeout(left)
                    .transform(
                            answers -> {
                                Future<?> returned =
                                        afterwards == Afterwards.KEEP ? lease.giveBack() : lease.throwAway(running);
                                return returned.anyway(
                                        answers.unreplicated()
                                                ? Future.failed(Failures.unreplicated(attempt))
                                                : Future.succeeded(answers));
                            },
                            failure -> {
                                Future<?> returned =
                                        Failures.leavesConnectionUsable(failure) && afterwards == Afterwards.KEEP
                                                ? lease.giveBack()
                                                : lease.throwAway(running);
                                return returned.anyway(Future.failed(
                                        failure instanceof TimeoutException
                                                ? Failures.deadline(attempt, limit, failure)
                                                : Failures.of(attempt, failure)));
                            });
        });
    }

    private static Future<Answers> prepared(BoundQuery query, Connection connection) {
        Statement statement = connection.createStatement(
                EscapeStrings.plain(query.query().numbered().sql()));
        Values.bind(query, statement);
        return Answers.execute(statement);
    }

    private static Future<Answers> start(Connection connection, Function<Connection, Future<Answers>> statement) {
        try {
            return statement.apply(connection);
        } catch (RuntimeException e) {
            return Future.failed(e);
        }
    }

    /** What happens to a connection after a successful call. */
    private enum Afterwards {
        KEEP,
        /** It may keep settings of a script. */
        THROW_AWAY
    }
}
