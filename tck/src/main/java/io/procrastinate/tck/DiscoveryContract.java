package io.procrastinate.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.procrastinate.adapter.Connectors;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorProvider;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.exception.ConnectorSelectionException;
import java.lang.reflect.Modifier;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

/** A connector is found by its name. An unregistered one is refused with its name. */
abstract class DiscoveryContract extends Contract {

    DiscoveryContract(ConnectorTck tck) {
        super(tck, Calls.STAGES);
    }

    private Optional<ConnectorProvider> provider() {
        List<ConnectorProvider> providers = ServiceLoader.load(ConnectorProvider.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(provider -> provider.name().equals(connectorName()))
                .toList();
        assertThat(providers).as("providers named " + connectorName()).hasSizeLessThan(2);
        return providers.stream().findFirst();
    }

    /** An unregistered connector, such as one for tests, cannot be requested by name. */
    private void assertUnknown() {
        assertThatExceptionOfType(ConnectorSelectionException.class)
                .as("asking for a connector that no provider registers")
                .isThrownBy(() -> Connectors.named(connectorName(), settings()))
                .withMessageContaining(connectorName())
                .withMessageContaining(Connectors.names().toString());
    }

    @Test
    @Promise(
            of = {ConnectorProvider.class, Connector.class},
            says = {
                "The name by which the connector is chosen: lower-case letters, digits and hyphens.",
                "The name under which the connector is chosen and reported, such as pgjdbc."
            },
            lookAt = "the provider's name() and the connector's name(): they are one and the same")
    void hasOneName() {
        assertThat(connectorName()).matches("[a-z0-9]+(-[a-z0-9]+)*");
        Optional<ConnectorProvider> provider = provider();
        if (provider.isEmpty()) {
            assertUnknown();
            return;
        }
        Connector created = provider.get().create(settings());
        assertThat(created.name()).isEqualTo(provider.get().name());
        assertThat(created.getClass()).isEqualTo(create(settings()).getClass());
    }

    @Test
    @Promise(
            of = ConnectorProvider.class,
            says = {
                "Registers a connector.",
                "An implementation has a public constructor without parameters and is listed in META-INF/services"
                        + " (or in a module's provides); each connector's jar registers exactly one."
            },
            lookAt = "META-INF/services in the connector's jar, and the provider's class")
    void isRegisteredOnce() throws Exception {
        Optional<ConnectorProvider> provider = provider();
        if (provider.isEmpty()) {
            assertUnknown();
            return;
        }
        Class<?> type = provider.get().getClass();
        assertThat(Modifier.isPublic(type.getModifiers())).as("public: " + type).isTrue();
        assertThat(Modifier.isPublic(type.getConstructor().getModifiers())).isTrue();
        assertThat(Connectors.names()).containsOnlyOnce(connectorName());
    }

    @Test
    @Promise(
            of = {ConnectorProvider.class, Capability.class, Connector.class},
            says = {
                "Which of the two kinds create returns.",
                "create returns an AsyncConnector.",
                "create returns a SyncConnector.",
                "Opens a pool of its own from its settings. Without it, opening needs the application's pool.",
                "What this connector can do."
            },
            lookAt = "the provider's kind()")
    void itsProviderSaysWhatItIs() {
        Optional<ConnectorProvider> provider = provider();
        if (provider.isEmpty()) {
            assertUnknown();
            return;
        }
        Connector created = provider.get().create(settings());
        Class<?> expected = switch (provider.get().kind()) {
            case ASYNCHRONOUS -> AsyncConnector.class;
            case SYNCHRONOUS -> SyncConnector.class;
        };
        assertThat(created).isInstanceOf(expected);
    }

    @Test
    @Promise(
            of = {ConnectorProvider.class, Connectors.class},
            says = {
                "Creates a closed connector. Nothing is sent and no thread is started before it is opened.",
                "Creates the connector of a name, closed and wrapped like a chosen one."
            },
            lookAt = "the provider's create(settings)")
    void isFoundByItsName() {
        if (provider().isEmpty()) {
            assertUnknown();
            return;
        }
        AsyncConnector named = Connectors.named(connectorName(), settings());
        assertThat(named.name()).isEqualTo(connectorName());
        assertThat(named.isOpen()).isFalse();
        assertThat(database().connections(TestDatabase.UNDER_TEST)).isZero();
        assertThat(threads.alive()).as("threads that were started").isEmpty();
        assertThatExceptionOfType(ConnectorSelectionException.class)
                .isThrownBy(() -> Connectors.named("absent-connector", settings()))
                .withMessageContaining("absent-connector")
                .withMessageContaining(connectorName());
    }
}
