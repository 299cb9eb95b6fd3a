package io.procrastinate.tck;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ReservedConnection;
import io.procrastinate.connector.Row;
import io.procrastinate.exception.ConnectorException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Stream;

/** Connectors whose reserved connections break the contract. */
class BrokenReservationsTest extends FaultsTest {

    private static final String ITS_OWN = "which nothing else uses";

    @Override
    Stream<Fault> faults() {
        return Stream.of(
                reserving(
                        "sends reserved statements through the pool",
                        "worksWhileThePoolIsExhausted",
                        ITS_OWN,
                        UsesThePool::new),
                Fault.of(
                        "lets a worker's heartbeat wait for the pool",
                        ConnectorTck.FullPools.class,
                        "resultsAreStoredAndAbortsHeardWhileThePoolIsFull",
                        "The statements that keep it and its jobs alive never wait for a connection behind these"
                                + " jobs",
                        UsesThePool::new),
                Fault.of(
                        "sends no heartbeat while jobs hold the connections",
                        ConnectorTck.FullPools.class,
                        "jobsThatHoldThePoolRunOnceAndAreAborted",
                        "The statements that keep it and its jobs alive never wait for a connection behind these"
                                + " jobs",
                        UsesThePool::new),
                Fault.of(
                        "does not stop while the application holds the connections",
                        ConnectorTck.FullPools.class,
                        "aWorkerStopsWhileTheApplicationHoldsThePool",
                        "or behind the application that shares the pool",
                        UsesThePool::new),
                reserving(
                        "takes the reserved connection at once",
                        "sendsNothingBeforeTheFirstStatement",
                        "Sends nothing",
                        s -> new Reserving(s) {
                            @Override
                            ReservedConnection reserved() {
                                ReservedConnection reserved = super.reserved();
                                if (isOpen()) {
                                    CompletionStage<List<Row>> early = reserved.execute(Sql.sql("SELECT 1"));
                                    assert early != null;
                                }
                                return reserved;
                            }
                        }),
                reserving(
                        "never gives the reserved connection back",
                        "givesTheConnectionBackToTheApplicationsPool",
                        "or returns it to the application's pool",
                        s -> new Reserving(s) {
                            @Override
                            ReservedConnection reserved() {
                                return new SmallReservation(this) {
                                    @Override
                                    void end() {
                                        // It is kept.
                                    }
                                };
                            }
                        }),
                reserving(
                        "keeps the reserved connection when statements wait for it as it is closed",
                        "givesTheConnectionBackThoughStatementsWaitForIt",
                        "when the running statement has ended",
                        s -> new Reserving(s) {
                            @Override
                            ReservedConnection reserved() {
                                return new LeftToWhoComesNext(super.reserved());
                            }
                        }),
                reserving(
                        "reuses a reserved connection that it has lost",
                        "takesAnotherConnectionAfterALoss",
                        "the next statement takes another one",
                        s -> new Reserving(s) {
                            @Override
                            ReservedConnection reserved() {
                                return new SmallReservation(this) {
                                    @Override
                                    boolean isLost(Connection connection) {
                                        return false;
                                    }
                                };
                            }
                        }),
                reserving(
                        "sets no deadline for reserved statements",
                        "stopsAStatementWhoseDeadlineHasPassed",
                        "each within its own deadline",
                        s -> new Reserving(s) {
                            @Override
                            ReservedConnection reserved() {
                                return new SmallReservation(this) {
                                    @Override
                                    List<Row> run(BoundQuery query, Connection connection) throws SQLException {
                                        return runWithoutDeadline(query, connection);
                                    }
                                };
                            }
                        }),
                reserving(
                        "keeps the only connection of a pool",
                        "refusesAPoolOfOneConnection",
                        "and the connection is returned",
                        s -> new Reserving(s) {
                            @Override
                            boolean sparesOne() {
                                return false;
                            }
                        }),
                reserving(
                        "sends a reserved statement again when its answer is lost",
                        "sendsNothingTwice",
                        "is not sent again",
                        s -> new Reserving(s) {
                            @Override
                            ReservedConnection reserved() {
                                return new SendsAgain(new SmallReservation(this));
                            }
                        }),
                reserving(
                        "throws instead of failing the stage",
                        "failsByItsStage",
                        "Never throws",
                        s -> new Reserving(s) {
                            @Override
                            ReservedConnection reserved() {
                                return new SmallReservation(this) {
                                    @Override
                                    public CompletionStage<List<Row>> execute(BoundQuery query) {
                                        pool();
                                        return super.execute(query);
                                    }
                                };
                            }
                        }));
    }

    private static Fault reserving(
            String name,
            String test,
            String sentence,
            Function<ConnectorSettings, io.procrastinate.connector.Connector> connector) {
        return Fault.of(name, ConnectorTck.Reserving.class, test, sentence, connector);
    }

    /** Reserves in a way of its own. */
    private static class Reserving extends SmallConnector {
        Reserving(ConnectorSettings settings) {
            super(settings);
        }

        @Override
        public final ReservedConnection reserve() {
            return reserved();
        }

        ReservedConnection reserved() {
            return super.reserve();
        }
    }

    private static final class UsesThePool extends Reserving {
        UsesThePool(ConnectorSettings settings) {
            super(settings);
        }

        @Override
        ReservedConnection reserved() {
            return new ReservedConnection() {
                @Override
                public CompletionStage<List<Row>> execute(BoundQuery query) {
                    try {
                        return CompletableFuture.completedFuture(UsesThePool.this.execute(query));
                    } catch (RuntimeException e) {
                        return CompletableFuture.failedFuture(e);
                    }
                }

                @Override
                public void close() {
                    // Nothing is kept.
                }
            };
        }
    }

    /** Ends the connection if no statement is using it; otherwise it relies on the next statement to do so. */
    private static final class LeftToWhoComesNext implements ReservedConnection {

        private final ReservedConnection reserved;
        private final AtomicInteger under = new AtomicInteger();
        private volatile boolean closed;

        LeftToWhoComesNext(ReservedConnection reserved) {
            this.reserved = reserved;
        }

        @Override
        public CompletionStage<List<Row>> execute(BoundQuery query) {
            if (closed) {
                return CompletableFuture.failedFuture(ConnectorException.refusal("The reserved connection was closed"));
            }
            under.incrementAndGet();
            return reserved.execute(query).whenComplete((rows, failure) -> {
                if (under.decrementAndGet() == 0 && closed) {
                    reserved.close();
                }
            });
        }

        @Override
        public void close() {
            closed = true;
            if (under.get() <= 1) {
                reserved.close();
            } else {
                under.incrementAndGet(); // the one that comes next, which is refused
            }
        }
    }

    private record SendsAgain(ReservedConnection reserved) implements ReservedConnection {

        @Override
        public CompletionStage<List<Row>> execute(BoundQuery query) {
            return reserved.execute(query).exceptionallyCompose(failure -> reserved.execute(query));
        }

        @Override
        public void close() {
            reserved.close();
        }
    }

    /** Runs a statement without a deadline, though for the test's sake not for ever. */
    private static List<Row> runWithoutDeadline(BoundQuery query, Connection connection) throws SQLException {
        connection.setNetworkTimeout(Runnable::run, (int) Duration.ofSeconds(10).toMillis());
        try (PreparedStatement statement =
                connection.prepareStatement(query.query().positional().sql())) {
            return statement.execute() ? List.of(Row.columns(List.of()).row()) : List.of();
        }
    }
}
