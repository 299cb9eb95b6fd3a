package io.procrastinate.tck;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ReservedConnection;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SqlState;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.ConnectorException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Connectors that are sound as long as nothing breaks between them and the server. */
class BrokenUnderFaultsTest extends FaultsTest {

    private static final String OUTLIVES = "It survives outages of the database";
    private static final String NOTHING_LOST = "no job is lost";

    @Override
    Stream<Fault> faults() {
        return Stream.of(
                Fault.of(
                        "hands out connections that are dead",
                        ConnectorTck.Faults.class,
                        "survivesIdleConnectionsBeingTerminated",
                        "the connection was lost",
                        KeepsOneConnection::new),
                Fault.of(
                        "reuses a connection that it has lost",
                        ConnectorTck.Errors.class,
                        "throwsALostConnectionAway",
                        "that is thrown away and the next statement gets another one",
                        KeepsOneConnection::new),
                Fault.of(
                        "sends a statement again when its answer is lost",
                        ConnectorTck.Faults.class,
                        "sendsNothingTwice",
                        "never sent a second time",
                        settings -> new Failing(settings) {
                            @Override
                            List<Row> failed(BoundQuery query, ConnectorException failure) {
                                return failure.sqlState() == null || "08006".equals(failure.sqlState())
                                        ? again(query)
                                        : super.failed(query, failure);
                            }
                        }),
                Fault.of(
                        "keeps the connections that are read-only",
                        ConnectorTck.Faults.class,
                        "survivesAServerThatIsReadOnlyForAWhile",
                        "its session may stay read-only after the server has changed",
                        settings -> new SmallConnector(settings) {
                            @Override
                            boolean isSpent(SQLException failure) {
                                return false;
                            }
                        }),
                working(
                        "keeps using dead connections",
                        "backendsAreTerminatedAgainAndAgain",
                        OUTLIVES,
                        KeepsOneConnection::new),
                working("gives up when it cannot connect", "theServerIsRestarted", OUTLIVES, GivesUp::new),
                working(
                        "waits long for a server that has vanished",
                        "connectionsAreHalfOpen",
                        OUTLIVES,
                        WaitsLong::new),
                working(
                        "treats a lost answer as an empty one",
                        "answersAreLost",
                        NOTHING_LOST,
                        settings -> new Failing(settings) {
                            @Override
                            List<Row> failed(BoundQuery query, ConnectorException failure) {
                                return failure.isTransient() ? nothing(query) : super.failed(query, failure);
                            }
                        }),
                working(
                        "leaves a thread behind for every failure",
                        "theNetworkIsCut",
                        "its pool, its connections, its threads",
                        settings -> new Failing(settings) {
                            @Override
                            List<Row> failed(BoundQuery query, ConnectorException failure) {
                                leaveThread();
                                return super.failed(query, failure);
                            }
                        }),
                working(
                        "treats a full pool as a permanent failure",
                        "thePoolIsExhausted",
                        OUTLIVES,
                        settings -> new SmallConnector(settings) {
                            @Override
                            ConnectorException failure(String attempt, SQLException failure) {
                                return failure instanceof SQLTransientConnectionException
                                        ? new ConnectorException(attempt, null, false, failure)
                                        : super.failure(attempt, failure);
                            }
                        }),
                working(
                        "treats a refusal as an empty answer",
                        "aTriggerRaisesWhileJobsEnd",
                        "until it is stored",
                        settings -> new Failing(settings) {
                            @Override
                            List<Row> failed(BoundQuery query, ConnectorException failure) {
                                return "P0001".equals(failure.sqlState())
                                        ? nothing(query)
                                        : super.failed(query, failure);
                            }
                        }),
                working(
                        "remembers that the server was read-only",
                        "theServerIsReadOnlyForAWhile",
                        OUTLIVES,
                        RemembersReadOnly::new));
    }

    private static Fault working(
            String name, String test, String sentence, Function<ConnectorSettings, Connector> connector) {
        return Fault.of(name, ConnectorTck.WorkersUnderFaults.class, test, sentence, connector);
    }

    /** What a query returns that finds nothing: for the worker's small fetch, that is a row. */
    private static List<Row> nothing(BoundQuery query) {
        return query.query().name().startsWith("fetch_free_jobs")
                ? List.of(Row.columns(List.of("id", "all_free")).row(null, true))
                : List.of();
    }

    private static void leaveThread() {
        Thread thread = new Thread(
                () -> {
                    try {
                        new CountDownLatch(1).await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                "small-reconnect");
        thread.setDaemon(true);
        thread.start();
    }

    /** Does something of its own if a query fails. */
    private abstract static class Failing extends SmallConnector {
        Failing(ConnectorSettings settings) {
            super(settings);
        }

        List<Row> failed(BoundQuery query, ConnectorException failure) {
            throw failure;
        }

        List<Row> again(BoundQuery query) {
            return super.execute(query);
        }

        @Override
        public List<Row> execute(BoundQuery query) {
            try {
                return super.execute(query);
            } catch (ConnectorException e) {
                return failed(query, e);
            }
        }

        /** Workers stay alive on a reserved connection, and fail there in the same way. */
        @Override
        public ReservedConnection reserve() {
            ReservedConnection reserved = super.reserve();
            return new ReservedConnection() {
                @Override
                public CompletionStage<List<Row>> execute(BoundQuery query) {
                    try {
                        return CompletableFuture.completedFuture(Stages.join(reserved.execute(query)));
                    } catch (ConnectorException e) {
                        return failing(query, e);
                    }
                }

                @Override
                public void close() {
                    reserved.close();
                }
            };
        }

        private CompletionStage<List<Row>> failing(BoundQuery query, ConnectorException failure) {
            try {
                return CompletableFuture.completedFuture(failed(query, failure));
            } catch (ConnectorException e) {
                return CompletableFuture.failedFuture(e);
            }
        }
    }

    private static final class KeepsOneConnection extends SmallConnector {
        private @Nullable Connection kept;

        KeepsOneConnection(ConnectorSettings settings) {
            super(settings);
        }

        /** One at a time: the time-out that one sets for the connection must not be taken back by another. */
        @Override
        public synchronized List<Row> execute(BoundQuery query) {
            return super.execute(query);
        }

        @Override
        synchronized Connection borrow() {
            Connection connection = kept;
            if (connection == null) {
                connection = super.borrow();
                kept = connection;
            }
            return connection;
        }

        @Override
        void giveBack(Connection connection) {
            // It is kept.
        }
    }

    /**
     * Never checks whether the server still answers on its only connection; otherwise idle ones would be replaced in
     * time.
     */
    private static final class WaitsLong extends SmallConnector {
        private @Nullable Connection kept;

        WaitsLong(ConnectorSettings settings) {
            super(settings);
        }

        /** One at a time: the time-out that one sets for the connection must not be taken back by another. */
        @Override
        public synchronized List<Row> execute(BoundQuery query) {
            return super.execute(query);
        }

        @Override
        synchronized Connection borrow() {
            Connection connection = kept;
            if (connection == null || !SmallPool.isAlive(connection)) {
                connection = super.borrow();
                kept = connection;
            }
            return connection;
        }

        @Override
        void giveBack(Connection connection) {
            // It is kept.
        }

        @Override
        Duration deadline(BoundQuery query) {
            return Duration.ofSeconds(8);
        }
    }

    private static final class GivesUp extends Failing {
        private volatile @Nullable ConnectorException reason;

        GivesUp(ConnectorSettings settings) {
            super(settings);
        }

        @Override
        Connection borrow() {
            ConnectorException known = reason;
            if (known != null) {
                throw known;
            }
            try {
                return super.borrow();
            } catch (ConnectorException e) {
                reason = e;
                throw e;
            }
        }

        @Override
        List<Row> failed(BoundQuery query, ConnectorException failure) {
            reason = failure.isTransient() ? failure : reason;
            return super.failed(query, failure);
        }
    }

    private static final class RemembersReadOnly extends Failing {
        private volatile @Nullable ConnectorException refusal;

        RemembersReadOnly(ConnectorSettings settings) {
            super(settings);
        }

        @Override
        public List<Row> execute(BoundQuery query) {
            ConnectorException known = refusal;
            if (known != null) {
                throw known;
            }
            return super.execute(query);
        }

        @Override
        List<Row> failed(BoundQuery query, ConnectorException failure) {
            if (SqlState.READ_ONLY.equals(failure.sqlState())) {
                refusal = failure;
            }
            return super.failed(query, failure);
        }
    }
}
