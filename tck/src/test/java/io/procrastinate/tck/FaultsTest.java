package io.procrastinate.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectNestedMethod;

import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorSettings;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Event;
import org.junit.platform.testkit.engine.Events;

/**
 * The kit fails every connector that breaks a promise, and says which promise. The gate runs one fault of each theme,
 * the nightly build all.
 */
@Tag("kit")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Execution(ExecutionMode.CONCURRENT)
abstract class FaultsTest {

    /** Waits for broken connectors are short, because what they wait for never happens. */
    private static final Duration LITTLE_PATIENCE = Duration.ofSeconds(3);

    /** The connector for a run of the kit, whose tests run on the running thread and on threads that it starts. */
    private static final ThreadLocal<@Nullable Function<ConnectorSettings, Connector>> UNDER_TEST =
            new InheritableThreadLocal<>();

    abstract Stream<Fault> faults();

    /** The first fault of each theme. */
    Collection<Fault> sample() {
        return faults().collect(Collectors.toMap(
                        Fault::theme, Function.identity(), (first, other) -> first, LinkedHashMap::new))
                .values();
    }

    Stream<Fault> others() {
        Collection<String> sample = sample().stream().map(Fault::name).toList();
        return faults().filter(fault -> !sample.contains(fault.name()));
    }

    @ParameterizedTest
    @MethodSource("sample")
    void findsTheFaultAndNamesThePromise(Fault fault) {
        assertFound(fault);
    }

    @Tag("nightly")
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("others")
    void findsTheOtherFaultsToo(Fault fault) {
        assertFound(fault);
    }

    private static void assertFound(Fault fault) {
        Events tests = Patience.having(
                LITTLE_PATIENCE,
                () -> run(
                        fault.connector(),
                        selectNestedMethod(List.of(BrokenSuite.class), fault.theme(), fault.test())));
        assertThat(tests.started().count()).as("tests run").isPositive();
        assertThat(tests.failed().stream().map(FaultsTest::message))
                .as("messages of the tests that failed")
                .isNotEmpty()
                .allSatisfy(message -> assertThat(message)
                        .contains("The connector 'small' breaks the contract of ")
                        .contains(fault.sentence())
                        .contains("Look at: ")
                        .contains("Seen: "));
    }

    static Events run(Function<ConnectorSettings, Connector> connector, DiscoverySelector what) {
        UNDER_TEST.set(connector);
        try {
            return EngineTestKit.engine("junit-jupiter")
                    .selectors(what)
                    .execute()
                    .testEvents();
        } finally {
            UNDER_TEST.remove();
        }
    }

    static String message(Event failure) {
        return failure.getPayload(TestExecutionResult.class)
                .flatMap(TestExecutionResult::getThrowable)
                .map(Throwable::getMessage)
                .orElse("");
    }

    /** Runs the contract on the current connector under test. Its name keeps the build from running it directly. */
    static class BrokenSuite extends ConnectorTck {
        @Override
        protected Connector create(ConnectorSettings settings) {
            return Objects.requireNonNull(UNDER_TEST.get()).apply(settings);
        }
    }
}
