package io.procrastinate.tck;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.Row;
import io.procrastinate.exception.ConnectorException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

/** Connectors that mistreat connections, pools and transactions. */
class BrokenConnectionsTest extends FaultsTest {

    @Override
    Stream<Fault> faults() {
        return Stream.of(
                lifecycle(
                        "closes the application's pool",
                        "usesTheApplicationsPoolAndNeverClosesIt",
                        "the connector never closes a pool that it was given",
                        ClosesForeignPools::new),
                lifecycle(
                        "opens a second pool when it is opened twice",
                        "openingTwiceDoesNothing",
                        "Opening an open connector does nothing.",
                        OpensTwice::new),
                lifecycle(
                        "leaves a thread behind",
                        "leavesNoThreadBehind",
                        "its pool, its connections, its threads",
                        LeavesThreads::new),
                lifecycle(
                        "throws another exception once it is closed",
                        "refusesCallsAfterItIsClosed",
                        "later ones fail with AppNotOpenException",
                        s -> new Executing(s) {
                            @Override
                            List<Row> around(BoundQuery query) {
                                if (!isOpen()) {
                                    throw new IllegalStateException("pool is closed");
                                }
                                return super.around(query);
                            }
                        }),
                lifecycle(
                        "does not say which pool it wants",
                        "refusesAPoolOfAnotherKind",
                        "the message names both kinds",
                        s -> new SmallConnector(s) {
                            @Override
                            public synchronized void open(@Nullable Object given) {
                                if (given != null && !(given instanceof DataSource)) {
                                    throw ConnectorException.refusal("Wrong pool: " + given.getClass());
                                }
                                super.open(given);
                            }
                        }),
                lifecycle(
                        "claims to take every pool",
                        "saysWhichPoolsItTakes",
                        "Whether this connector can be opened with this pool of the application",
                        s -> new SmallConnector(s) {
                            @Override
                            public boolean accepts(Object given) {
                                return true;
                            }
                        }),
                Fault.of(
                        "treats a commit without its standby as a success",
                        ConnectorTck.Errors.class,
                        "aCommitWithoutItsStandbyIsNoSuccess",
                        "like any statement whose outcome is unknown",
                        s -> new SmallConnector(s) {
                            @Override
                            void requireReplicated(Statement statement) {
                                // Ignores the statement's warnings.
                            }
                        }),
                Fault.of(
                        "connects when it is first used",
                        ConnectorTck.Opening.class,
                        "failsWhereNobodyListens",
                        "It connects right away",
                        ConnectsLazily::new),
                Fault.of(
                        "prints the password",
                        ConnectorTck.Opening.class,
                        "neverPrintsThePassword",
                        "Passwords are never printed.",
                        s -> new SmallConnector(s) {
                            @Override
                            public String toString() {
                                return "small@" + s.password();
                            }
                        }),
                Fault.of(
                        "lets long time-outs overflow",
                        ConnectorTck.Settings.class,
                        "takesTimeOutsThatNeverPass",
                        "at most 24 days",
                        s -> new SmallConnector(s) {
                            @Override
                            Duration deadline(BoundQuery query) {
                                int seconds = (int) super.deadline(query).toSeconds();
                                return Duration.ofMillis(Math.multiplyExact(seconds, 1100));
                            }
                        }),
                Fault.of(
                        "leaks a connection on error",
                        ConnectorTck.Queries.class,
                        "givesTheConnectionBackAfterAnError",
                        "thrown only after the connection has been returned or thrown away",
                        LeaksOnError::new),
                Fault.of(
                        "does not commit",
                        ConnectorTck.Queries.class,
                        "commitsWhatItExecutes",
                        "and commits it",
                        NeverCommits::new),
                Fault.of(
                        "clears the interrupt flag",
                        ConnectorTck.SyncAndAsync.class,
                        "keepsTheInterruptFlag",
                        "never cleared",
                        s -> new Executing(s) {
                            @Override
                            List<Row> around(BoundQuery query) {
                                boolean cleared = Thread.interrupted();
                                return cleared ? List.of(Row.columns(List.of()).row()) : super.around(query);
                            }
                        }),
                caller(
                        "commits the caller's transaction",
                        "leavesCommittingToTheCaller",
                        "neither commits nor rolls back",
                        (c, q, x) -> {
                            List<Row> rows = c.run(q, x);
                            x.commit();
                            return rows;
                        }),
                caller(
                        "executes outside the caller's transaction",
                        "executesInsideTheCallersTransaction",
                        "inside the caller's transaction",
                        (c, q, x) -> c.execute(q)),
                caller(
                        "rolls the caller's transaction back",
                        "leavesRollingBackToTheCaller",
                        "neither commits nor rolls back",
                        (c, q, x) -> {
                            try {
                                return c.run(q, x);
                            } catch (SQLException e) {
                                x.rollback();
                                throw e;
                            }
                        }),
                caller(
                        "changes settings of the caller's connection",
                        "leavesTheSettingsAsTheyWere",
                        "leaves the transaction's settings as they were",
                        (c, q, x) -> {
                            try (Statement statement = x.createStatement()) {
                                statement.execute("SET statement_timeout = '9s'");
                            }
                            return c.run(q, x);
                        }),
                caller(
                        "puts settings of the caller's connection back only after a success",
                        "leavesTheSettingsAsTheyWereWhenAStatementFails",
                        "leaves the transaction's settings as they were",
                        (c, q, x) -> {
                            int before = x.getNetworkTimeout();
                            try {
                                return c.run(q, x);
                            } catch (SQLException e) {
                                x.setNetworkTimeout(Runnable::run, before + 9_000);
                                throw e;
                            }
                        }),
                caller(
                        "commits what it executes first",
                        "mayBeTheFirstInTheCallersTransaction",
                        "neither commits nor rolls back",
                        (c, q, x) -> {
                            TransactionState before =
                                    x.unwrap(BaseConnection.class).getTransactionState();
                            List<Row> rows = c.run(q, x);
                            if (before == TransactionState.IDLE) {
                                x.commit();
                            }
                            return rows;
                        }),
                Fault.of(
                        "wants to be open for the caller's connection",
                        ConnectorTck.Transactions.class,
                        "needsNoOpenConnector",
                        "The connector need not be open.",
                        joining((c, q, x) -> {
                            c.pool();
                            return c.run(q, x);
                        })),
                Fault.of(
                        "runs scripts statement by statement",
                        ConnectorTck.Scripts.class,
                        "runsInOneTransaction",
                        "in one transaction",
                        SplitsScripts::new),
                setting(
                        "ignores the schema",
                        "searchesTheSchema",
                        "set as the search path",
                        s -> new SmallConnector(s.toBuilder().schema("public").build())),
                setting(
                        "ignores the pool's size",
                        "opensNoMoreConnectionsThanThePoolHolds",
                        "How many connections the connector's own pool opens at most",
                        s -> new SmallConnector(s.toBuilder().poolSize(50).build())),
                Fault.of(
                        "keeps a connection of the pool for itself",
                        ConnectorTck.Workers.class,
                        "jobsDeferJobsOverASingleConnection",
                        "at least 1",
                        KeepsOneForItself::new),
                setting(
                        "leaves out the session settings",
                        "givesItsConnectionsTheSessionSettings",
                        "The server settings that a connector gives to the connections of its own pool",
                        s -> new SmallConnector(
                                s.toBuilder().preparedStatements(false).build())),
                setting(
                        "always prepares",
                        "preparesNothingWhereItMustNot",
                        "Whether the server prepares statements",
                        s -> new SmallConnector(
                                s.toBuilder().preparedStatements(true).build())),
                parameter(
                        "ignores unknown parameters",
                        "honoursOrRefusesEveryConnectionParameter",
                        "It refuses all others",
                        s -> new SmallConnector(without(s.parameters().keySet(), s))),
                parameter(
                        "does not send the server's variables",
                        "hasTheServerSetItsVariables",
                        "No setting is ever ignored.",
                        s -> new SmallConnector(without(s.variables().keySet(), s))),
                parameter(
                        "treats a list of schemas as one",
                        "searchesAListOfSchemas",
                        "values as the server reads them",
                        s -> new SmallConnector(
                                s.variables().containsKey("search_path")
                                        ? s.toBuilder()
                                                .schema(s.variables().get("search_path"))
                                                .build()
                                        : s)),
                parameter(
                        "leaves out a variable that is refused",
                        "namesAVariableThatTheServerDoesNotKnow",
                        "the server refuses any of the variables() that it does not know",
                        LeavesVariablesOut::new),
                parameter(
                        "leaves out what a pooler refuses",
                        "leavesNoVariableOutForAPooler",
                        "one that says what to do and is not transient",
                        LeavesVariablesOut::new),
                parameter(
                        "insists on the session settings",
                        "connectsThroughAPoolerThatRefusesStartUpParameters",
                        "a connector connects without them",
                        s -> new SmallConnector(
                                s.toBuilder().parameter("jit", "off").build())),
                setting(
                        "falls back to plain text",
                        "neverFallsBackFromRequiredEncryption",
                        "The mode of encryption",
                        s -> new SmallConnector(s.toBuilder().sslMode("prefer").build())));
    }

    private static Fault lifecycle(
            String name, String test, String sentence, Function<ConnectorSettings, Connector> connector) {
        return Fault.of(name, ConnectorTck.Lifecycle.class, test, sentence, connector);
    }

    private static Fault setting(
            String name, String test, String sentence, Function<ConnectorSettings, Connector> connector) {
        return Fault.of(name, ConnectorTck.Settings.class, test, sentence, connector);
    }

    private static Fault parameter(
            String name, String test, String sentence, Function<ConnectorSettings, Connector> connector) {
        return Fault.of(name, ConnectorTck.Parameters.class, test, sentence, connector);
    }

    private static ConnectorSettings without(Set<String> names, ConnectorSettings s) {
        ConnectorSettings.Builder rest = ConnectorSettings.defaults().toBuilder()
                .host(s.host())
                .port(s.port())
                .database(s.database())
                .user(s.user())
                .sslMode(s.sslMode())
                .applicationName(s.applicationName())
                .poolSize(s.poolSize())
                .connectTimeout(s.connectTimeout())
                .statementTimeout(s.statementTimeout())
                .preparedStatements(s.preparedStatements());
        if (s.password() != null) {
            rest.password(s.password());
        }
        if (s.listenUrl() != null) {
            rest.listenUrl(s.listenUrl());
        }
        Stream.of(s.parameters(), s.variables())
                .flatMap(named -> named.entrySet().stream())
                .filter(named -> !names.contains(named.getKey()))
                .forEach(named -> rest.parameter(named.getKey(), named.getValue()));
        return rest.build();
    }

    private static Fault caller(String name, String test, String sentence, Joining joining) {
        return Fault.of(name, ConnectorTck.Transactions.class, test, sentence, joining(joining));
    }

    private static Function<ConnectorSettings, Connector> joining(Joining joining) {
        return settings -> new SmallConnector(settings) {
            @Override
            public List<Row> execute(BoundQuery query, Object connection) {
                if (!(connection instanceof Connection joined)) {
                    return super.execute(query, connection);
                }
                try {
                    return joining.execute(this, query, joined);
                } catch (SQLException e) {
                    throw failure("Query " + query, e);
                }
            }
        };
    }

    /** What a broken connector does on the caller's connection. */
    @FunctionalInterface
    private interface Joining {
        List<Row> execute(SmallConnector connector, BoundQuery query, Connection connection) throws SQLException;
    }

    /** Does something around each query. */
    private abstract static class Executing extends SmallConnector {
        Executing(ConnectorSettings settings) {
            super(settings);
        }

        List<Row> around(BoundQuery query) {
            return super.execute(query);
        }

        @Override
        public List<Row> execute(BoundQuery query) {
            return around(query);
        }
    }

    private static final class ClosesForeignPools extends SmallConnector {
        private @Nullable Object foreign;

        ClosesForeignPools(ConnectorSettings settings) {
            super(settings);
        }

        @Override
        public synchronized void open(@Nullable Object given) {
            foreign = given;
            super.open(given);
        }

        @Override
        public void close() {
            super.close();
            if (foreign instanceof AutoCloseable closeable) {
                try {
                    closeable.close();
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            }
        }
    }

    private static final class OpensTwice extends SmallConnector {
        private @Nullable SmallConnector second;

        OpensTwice(ConnectorSettings settings) {
            super(settings);
        }

        @Override
        public synchronized void open(@Nullable Object given) {
            if (isOpen()) {
                second = new SmallConnector(settings);
                second.open(given);
            }
            super.open(given);
        }

        @Override
        public String toString() {
            return "small, besides " + second;
        }
    }

    private static final class LeavesThreads extends SmallConnector {
        LeavesThreads(ConnectorSettings settings) {
            super(settings);
        }

        @Override
        public synchronized void open(@Nullable Object given) {
            super.open(given);
            CountDownLatch never = new CountDownLatch(1);
            Thread thread = new Thread(
                    () -> {
                        try {
                            never.await();
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                        }
                    },
                    "small-housekeeping");
            thread.setDaemon(true);
            thread.start();
        }
    }

    private static final class ConnectsLazily extends SmallConnector {
        private boolean open;

        ConnectsLazily(ConnectorSettings settings) {
            super(settings);
        }

        @Override
        public synchronized void open(@Nullable Object given) {
            open = true;
        }

        @Override
        public synchronized boolean isOpen() {
            return open;
        }

        @Override
        public synchronized void close() {
            open = false;
            super.close();
        }
    }

    private static final class LeavesVariablesOut extends SmallConnector {
        private final SmallConnector bare;

        LeavesVariablesOut(ConnectorSettings settings) {
            super(settings);
            bare = new SmallConnector(without(settings.variables().keySet(), settings));
        }

        @Override
        public synchronized void open(@Nullable Object given) {
            try {
                super.open(given);
            } catch (ConnectorException e) {
                bare.open(given);
            }
        }

        @Override
        public synchronized boolean isOpen() {
            return super.isOpen() || bare.isOpen();
        }

        @Override
        public List<Row> execute(BoundQuery query) {
            return bare.isOpen() ? bare.execute(query) : super.execute(query);
        }

        @Override
        public void close() {
            bare.close();
            super.close();
        }
    }

    private static final class LeaksOnError extends SmallConnector {
        LeaksOnError(ConnectorSettings settings) {
            super(settings.toBuilder().connectTimeout(Duration.ofSeconds(1)).build());
        }

        @Override
        public List<Row> execute(BoundQuery query) {
            Connection connection = borrow();
            try {
                List<Row> rows = run(query, connection);
                giveBack(connection);
                return rows;
            } catch (SQLException e) {
                throw failure("Query " + query, e);
            }
        }
    }

    private static final class NeverCommits extends SmallConnector {
        NeverCommits(ConnectorSettings settings) {
            super(settings);
        }

        @Override
        List<Row> run(BoundQuery query, Connection connection) throws SQLException {
            connection.setAutoCommit(false);
            return super.run(query, connection);
        }
    }

    private static final class KeepsOneForItself extends SmallConnector {
        private @Nullable Connection kept;

        KeepsOneForItself(ConnectorSettings settings) {
            super(settings.toBuilder().connectTimeout(Duration.ofSeconds(1)).build());
        }

        @Override
        public synchronized void open(@Nullable Object given) {
            boolean opening = !isOpen();
            super.open(given);
            if (opening) {
                kept = borrow();
            }
        }

        @Override
        public String toString() {
            return "small, beside " + kept;
        }
    }

    private static final class SplitsScripts extends SmallConnector {
        SplitsScripts(ConnectorSettings settings) {
            super(settings);
        }

        @Override
        public void runScript(String sql) {
            Stream.of(sql.split(";", -1)).filter(part -> !part.isBlank()).forEach(super::runScript);
        }
    }
}
