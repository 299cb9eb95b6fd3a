package io.procrastinate.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectNestedClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectNestedMethod;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.exception.ConnectorException;
import java.time.Duration;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.platform.testkit.engine.Events;

/** The kit asserts that what a connector does not declare is refused. */
@Tag("kit")
@Execution(ExecutionMode.CONCURRENT)
class KitTest {

    /** A database that is not the test's, for the running thread and those that it starts. */
    private static final ThreadLocal<@Nullable String> ANOTHER = new InheritableThreadLocal<>();

    @Test
    void assertsTheRefusalOfACapabilityThatIsAbsent() {
        Events tests = FaultsTest.run(
                WithoutListening::new,
                selectNestedClass(List.of(FaultsTest.BrokenSuite.class), ConnectorTck.Sessions.class));
        assertThat(tests.succeeded().count()).isPositive();
        assertThat(tests.failed().stream().map(FaultsTest::message)).isEmpty();
        assertThat(tests.skipped().count()).isZero();
        assertThat(tests.aborted().count()).isZero();
    }

    @Test
    void failsAConnectorThatDoesNotRefuseWhatItSaysItCannot() {
        Events tests = FaultsTest.run(
                settings -> new SmallConnector(settings) {
                    @Override
                    public Set<Capability> capabilities() {
                        return EnumSet.complementOf(EnumSet.of(Capability.LISTEN));
                    }
                },
                selectNestedClass(List.of(FaultsTest.BrokenSuite.class), ConnectorTck.Sessions.class));
        assertThat(tests.succeeded().count()).isZero();
        assertThat(tests.failed().stream().map(FaultsTest::message))
                .isNotEmpty()
                .allSatisfy(message -> assertThat(message)
                        .contains("the refusal of a capability that the connector does not declare"));
    }

    @Test
    void takesNoOffenceAtAnExtraSignOfLife() {
        Events tests = FaultsTest.run(
                settings -> new SmallConnector(settings) {
                    @Override
                    public ListenSession listen(Collection<String> channels) {
                        ListenSession session = super.listen(channels);
                        session.ping(Duration.ofSeconds(10));
                        return session;
                    }
                },
                selectNestedMethod(
                        List.of(FaultsTest.BrokenSuite.class),
                        ConnectorTck.Reconnecting.class,
                        "listensAgainAfterItsBackendWasTerminated"));
        assertThat(tests.succeeded().count()).isPositive();
        assertThat(tests.failed().stream().map(FaultsTest::message)).isEmpty();
    }

    @Test
    void saysFirstOfAllThatStagesWrapTheirFailures() {
        assertThat(failures(
                        settings -> new SmallAsyncConnector(settings) {
                            @Override
                            public CompletionStage<@Nullable Void> runScript(String sql) {
                                return super.runScript(sql).thenRun(() -> {});
                            }
                        },
                        ConnectorTck.Scripts.class,
                        "undoesEverythingWhenAStatementFails"))
                .singleElement(STRING)
                .contains("First of all: a stage failed with a CompletionException")
                .containsPattern("At: ScriptContract\\.java:\\d+");
    }

    @Test
    void saysFirstOfAllWhichHookIsMissing() {
        assertThat(failures(
                        settings -> new SmallConnector(settings) {
                            @Override
                            public synchronized void open(@Nullable Object given) {
                                if (given != null) {
                                    throw refusal(given);
                                }
                                super.open(null);
                            }
                        },
                        ConnectorTck.Lifecycle.class,
                        "usesTheApplicationsPoolAndNeverClosesIt"))
                .isNotEmpty()
                .allSatisfy(message -> assertThat(message)
                        .contains("First of all: the application's pool was the kit's default")
                        .contains("override openPool"));
        assertThat(failures(
                        settings -> new SmallConnector(settings) {
                            @Override
                            public List<Row> execute(BoundQuery query, Object connection) {
                                throw refusal(connection);
                            }
                        },
                        ConnectorTck.Transactions.class,
                        "leavesCommittingToTheCaller"))
                .isNotEmpty()
                .allSatisfy(message -> assertThat(message)
                        .contains("First of all: the application's connection was the kit's default")
                        .contains("override openCallerConnection"));
    }

    @Test
    void saysFirstOfAllWhatLeadsToAnotherDatabase() {
        try (TestDatabase another = TestDatabase.create()) {
            ANOTHER.set(another.name());
            assertThat(failures(
                            settings -> new SmallConnector(elsewhere(settings)),
                            ConnectorTck.Queries.class,
                            "commitsWhatItExecutes"))
                    .isNotEmpty()
                    .allSatisfy(message -> assertThat(message)
                            .contains("First of all: the connector is connected to the database '" + another.name()
                                    + "', but the settings name 'tck_")
                            .contains("of the ConnectorSettings that the connector is created with"));
            assertThat(failures(
                            OtherHooks.class,
                            SmallConnector::new,
                            ConnectorTck.Lifecycle.class,
                            "usesTheApplicationsPoolAndNeverClosesIt"))
                    .isNotEmpty()
                    .allSatisfy(message -> assertThat(message)
                            .contains("First of all: the application's pool is connected to the database '"
                                    + another.name() + "'")
                            .contains("of the ConnectorSettings that openPool is given"));
        } finally {
            ANOTHER.remove();
        }
    }

    private static ConnectorSettings elsewhere(ConnectorSettings settings) {
        return settings.toBuilder()
                .database(Objects.requireNonNull(ANOTHER.get()))
                .build();
    }

    /** Its name keeps the build from running it directly. */
    static final class OtherHooks extends FaultsTest.BrokenSuite {

        @Override
        protected Object openPool(ConnectorSettings settings) {
            return super.openPool(elsewhere(settings));
        }
    }

    private static ConnectorException refusal(Object given) {
        return ConnectorException.refusal("This is a " + given.getClass().getName());
    }

    private static List<String> failures(
            Function<ConnectorSettings, Connector> connector, Class<?> theme, String test) {
        return failures(FaultsTest.BrokenSuite.class, connector, theme, test);
    }

    private static List<String> failures(
            Class<?> suite, Function<ConnectorSettings, Connector> connector, Class<?> theme, String test) {
        return FaultsTest.run(connector, selectNestedMethod(List.of(suite), theme, test)).failed().stream()
                .map(FaultsTest::message)
                .toList();
    }

    /** Refuses, as documented, what it does not declare. */
    private static final class WithoutListening extends SmallConnector {

        WithoutListening(ConnectorSettings settings) {
            super(settings);
        }

        @Override
        public Set<Capability> capabilities() {
            return EnumSet.complementOf(EnumSet.of(Capability.LISTEN));
        }

        @Override
        public ListenSession listen(Collection<String> channels) {
            throw ConnectorException.refusal("The connector 'small' does not listen for notifications");
        }

        @Override
        public SyncConnector sync() {
            return this;
        }
    }
}
