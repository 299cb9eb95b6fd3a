package io.procrastinate.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectNestedClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectNestedMethod;

import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.exception.ConnectorException;
import java.time.Duration;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.platform.testkit.engine.Events;

/** The kit asserts that what a connector does not declare is refused. */
class KitTest {

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
            throw new ConnectorException("The connector 'small' does not listen for notifications", null, false, null);
        }

        @Override
        public SyncConnector sync() {
            return this;
        }
    }
}
