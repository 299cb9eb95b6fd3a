package io.procrastinate.connector.vertx;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.vertx.Connections.Lease;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
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
        Tuple values = Values.bind(query);
        String sql = query.query().numbered().sql();
        return lend(
                connections,
                "query " + query,
                query.deadline(settings),
                Afterwards.KEEP,
                List.of(
                        connection -> prepared(connection, sql, values),
                        // Only if a plan is stale: a different text has no plan yet.
                        connection -> prepared(connection, sql + " ", values)));
    }

    /** Executes a query on the caller's connection, within whatever transaction it has. */
    Future<List<Row>> execute(BoundQuery query, PgConnection connection) {
        Duration limit = query.deadline(settings);
        String attempt = "query " + query;
        Tuple values = Values.bind(query);
        Future<List<Row>> running =
                start(connection, it -> prepared(it, query.query().numbered().sql(), values));
        return running.timeout(Millis.of(limit), TimeUnit.MILLISECONDS).recover(failure -> {
            if (failure instanceof TimeoutException) {
                return stop(connection, running)
                        .transform(stopped -> Future.failedFuture(Failures.deadline(attempt, limit, failure)));
            }
            return Future.failedFuture(Failures.of(attempt, failure));
        });
    }

    /** Runs a script. The server treats a message of several statements as one transaction. */
    Future<Void> script(String sql, Connections connections) {
        return lend(
                connections,
                "the script",
                settings.statementTimeout(),
                Afterwards.THROW_AWAY,
                List.of(connection -> connection.query(sql).execute().mapEmpty()));
    }

    /** Asks the server to stop a statement; the future completes when the statement has ended, or soon after. */
    static Future<?> stop(PgConnection connection, Future<?> running) {
        connection
                .cancelRequest()
                .onFailure(failure -> LOGGER.debug("The server could not be asked to stop a statement", failure));
        return running.timeout(Millis.of(STOPPING), TimeUnit.MILLISECONDS).otherwiseEmpty();
    }

    private <T> Future<T> lend(
            Connections connections,
            String attempt,
            Duration limit,
            Afterwards afterwards,
            List<Function<PgConnection, Future<T>>> statements) {
        long end = System.nanoTime() + Duration.ofMillis(Millis.of(limit)).toNanos();
        Duration wait = limit.compareTo(settings.connectTimeout()) < 0 ? limit : settings.connectTimeout();
        return connections.take(wait).compose(lease -> {
            Loan<T> loan = new Loan<>(lease, attempt, limit, end, afterwards);
            loan.execute(statements.iterator());
            return loan.result.future();
        });
    }

    private static Future<List<Row>> prepared(PgConnection connection, String sql, Tuple values) {
        return connection.preparedQuery(sql).execute(values).map(Values::read);
    }

    private static <T> Future<T> start(PgConnection connection, Function<PgConnection, Future<T>> statement) {
        try {
            return statement.apply(connection);
        } catch (RuntimeException e) {
            return Future.failedFuture(e);
        }
    }

    /** What happens to a connection after a successful call. */
    private enum Afterwards {
        KEEP,
        /** It may keep settings of a script, or plans that the server has forgotten. */
        THROW_AWAY
    }

    /** One statement on one borrowed connection. Its stage completes when the connection has been returned. */
    private static final class Loan<T> {

        private final Promise<T> result = Promise.promise();
        private final Lease lease;
        private final String attempt;
        private final Duration limit;
        private final long end;
        private Afterwards afterwards;

        Loan(Lease lease, String attempt, Duration limit, long end, Afterwards afterwards) {
            this.lease = lease;
            this.attempt = attempt;
            this.limit = limit;
            this.end = end;
            this.afterwards = afterwards;
        }

        void execute(Iterator<Function<PgConnection, Future<T>>> statements) {
            Duration left = Duration.ofNanos(Math.max(1, end - System.nanoTime()));
            Future<T> running = start(lease.connection(), statements.next());
            running.timeout(Millis.of(left), TimeUnit.MILLISECONDS).onComplete(ended -> {
                if (ended.failed() && statements.hasNext() && Failures.isStalePlan(ended.cause())) {
                    if (Failures.hasLostPlans(ended.cause())) {
                        afterwards = Afterwards.THROW_AWAY;
                    }
                    execute(statements);
                    return;
                }
                boolean usable = ended.succeeded() || Failures.leavesConnectionUsable(ended.cause());
                boolean unreplicated =
                        lease.commits().takeUnreplicated(); // before another statement takes the connection
                Future<?> returned =
                        usable && afterwards == Afterwards.KEEP ? lease.giveBack() : lease.throwAway(running);
                returned.onComplete(nothing -> {
                    if (ended.failed()) {
                        result.fail(failure(ended.cause()));
                    } else if (unreplicated) {
                        result.fail(Failures.unreplicated(attempt));
                    } else {
                        result.complete(ended.result());
                    }
                });
            });
        }

        private RuntimeException failure(Throwable cause) {
            return cause instanceof TimeoutException
                    ? Failures.deadline(attempt, limit, cause)
                    : Failures.of(attempt, cause);
        }
    }
}
