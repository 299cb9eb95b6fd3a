package io.procrastinate.tck;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.Subscription;
import io.procrastinate.exception.ConnectorException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Connectors that break a single sentence, each found by reading the interface's documentation from end to end. */
class BrokenPromisesTest extends FaultsTest {

    private static final String WHOLE = "either all of it is done or nothing";

    @Override
    Stream<Fault> faults() {
        return Stream.of(
                Fault.of(
                        "runs a script again when its answer is lost",
                        ConnectorTck.Faults.class,
                        "sendsNoScriptTwice",
                        WHOLE,
                        settings -> scripts(settings, (connector, sql) -> {
                            try {
                                connector.below(sql);
                            } catch (ConnectorException e) {
                                if (!e.isTransient()) {
                                    throw e;
                                }
                                connector.below(sql);
                            }
                        })),
                script(
                        "runs only the first statement of a script",
                        "runsEveryStatement",
                        (connector, sql) -> connector.below(
                                sql.substring(0, sql.indexOf(';') < 0 ? sql.length() : sql.indexOf(';')))),
                script(
                        "takes comments out of scripts",
                        "leavesTheTextAlone",
                        (connector, sql) -> connector.below(sql.replaceAll("--[^\\n]*", ""))),
                script(
                        "leaves a setting behind a script",
                        "leavesTheConnectionAsItWas",
                        (connector, sql) ->
                                connector.below("SET default_transaction_isolation = 'serializable';" + sql)),
                Fault.of(
                        "sets no time-out for scripts",
                        ConnectorTck.Scripts.class,
                        "endsAtTheTimeOutOfStatements",
                        "it may take ConnectorSettings.statementTimeout()",
                        settings -> new SmallConnector(settings.toBuilder()
                                .statementTimeout(Duration.ofHours(1))
                                .build())),
                Fault.of(
                        "runs scripts on a connection of its own",
                        ConnectorTck.Lifecycle.class,
                        "usesTheApplicationsPoolAndNeverClosesIt",
                        "Uses the application's pool when it is opened with one.",
                        OwnScripts::new),
                Fault.of(
                        "waits for a free connection for ever",
                        ConnectorTck.Settings.class,
                        "waitsForAFreeConnectionNoLongerThanItMay",
                        "or waiting for a free one, may take",
                        settings -> new SmallConnector(settings.toBuilder()
                                .connectTimeout(Duration.ofHours(1))
                                .build())),
                Fault.of(
                        "returns null for no rows",
                        ConnectorTck.Queries.class,
                        "answersNoRowsWhereAStatementReturnsNone",
                        "empty if the statement returns none",
                        settings -> new SmallConnector(settings) {
                            @Override
                            @SuppressWarnings("NullAway") // that is the fault
                            public List<Row> execute(BoundQuery query) {
                                List<Row> rows = super.execute(query);
                                return rows.isEmpty() ? null : rows;
                            }
                        }),
                Fault.of(
                        "converts names of columns to lower case",
                        ConnectorTck.Queries.class,
                        "namesColumnsAsTheResultDoes",
                        "",
                        settings -> new SmallConnector(settings) {
                            @Override
                            public List<Row> execute(BoundQuery query) {
                                return super.execute(query).stream()
                                        .map(BrokenPromisesTest::small)
                                        .toList();
                            }
                        }),
                Fault.of(
                        "claims to be open although opening failed",
                        ConnectorTck.Opening.class,
                        "failsForADatabaseThatIsNotThere",
                        "",
                        SaysItIsOpen::new),
                Fault.of(
                        "listens before it returns",
                        ConnectorTck.Reconnecting.class,
                        "returnsAtOnceWhereTheServerIsAway",
                        "Returns immediately; the connection is made in the background",
                        ListensFirst::new));
    }

    private static Fault script(String name, String test, Script script) {
        return Fault.of(name, ConnectorTck.Scripts.class, test, WHOLE, settings -> scripts(settings, script));
    }

    private static Connector scripts(ConnectorSettings settings, Script script) {
        return new Scripted(settings, script);
    }

    private static Row small(Row row) {
        List<String> names = List.copyOf(row.columnNames());
        return Row.columns(names.stream()
                        .map(name -> name.toLowerCase(Locale.ROOT))
                        .toList())
                .row(names.stream().map(row::value).toArray());
    }

    /** How a broken connector runs scripts. */
    @FunctionalInterface
    private interface Script {
        void run(Scripted connector, String sql);
    }

    private static final class Scripted extends SmallConnector {

        private final Script script;

        Scripted(ConnectorSettings settings, Script script) {
            super(settings);
            this.script = script;
        }

        @Override
        public void runScript(String sql) {
            script.run(this, sql);
        }

        void below(String sql) {
            super.runScript(sql);
        }
    }

    private static final class OwnScripts extends SmallConnector {

        OwnScripts(ConnectorSettings settings) {
            super(settings);
        }

        @Override
        public void runScript(String sql) {
            try (Connection own = SmallPool.connect(settings);
                    Statement statement = own.createStatement()) {
                statement.execute(sql);
            } catch (SQLException e) {
                throw failure("The script", e);
            }
        }
    }

    private static final class SaysItIsOpen extends SmallConnector {

        private boolean tried;

        SaysItIsOpen(ConnectorSettings settings) {
            super(settings);
        }

        @Override
        public synchronized void open(@Nullable Object given) {
            tried = true;
            super.open(given);
        }

        @Override
        public synchronized boolean isOpen() {
            return tried;
        }
    }

    private static final class ListensFirst extends SmallAsyncConnector {

        ListensFirst(ConnectorSettings settings) {
            super(settings);
        }

        @Override
        public Subscription listen(Collection<String> channels, NotificationListener listener) {
            CountDownLatch listens = new CountDownLatch(1);
            Subscription subscription = super.listen(channels, new NotificationListener() {
                @Override
                public void onListening() {
                    listens.countDown();
                    listener.onListening();
                }

                @Override
                public void onNotification(Notification notification) {
                    listener.onNotification(notification);
                }

                @Override
                public void onLost(ConnectorException cause) {
                    listener.onLost(cause);
                }
            });
            try {
                boolean inTime = listens.await(6, TimeUnit.SECONDS); // longer than the kit waits here
                assert inTime || !channels.isEmpty();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return subscription;
        }
    }
}
