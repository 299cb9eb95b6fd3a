package io.procrastinate.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorProvider;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.ConnectorSelectionException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;
import java.net.URLStreamHandler;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Discovery and selection among providers that the test registers. */
class ConnectorsTest {

    private static final ConnectorSettings SETTINGS =
            ConnectorSettings.builder().host("h").build();

    @Test
    void takesTheOnlyOne() {
        Connectors.Choice choice = choose(Blocking.class);

        assertThat(choice.connector().name()).isEqualTo("blocking");
        assertThat(choice.connector()).isInstanceOf(ThreadedConnector.class);
        assertThat(choice.reason()).isEqualTo("the only one found");
    }

    @Test
    void takesAnAsynchronousOneBeforeABetterSynchronousOne() {
        Connectors.Choice choice = choose(Blocking.class, Preferred.class, Native.class);

        assertThat(choice.connector().name()).isEqualTo("native");
        assertThat(choice.reason())
                .isEqualTo("the best one found, before preferred, blocking (asynchronous, priority -5)");
    }

    @Test
    void takesTheGreatestPriorityThenTheFirstName() {
        assertThat(choose(Blocking.class, Preferred.class).connector().name()).isEqualTo("preferred");
        assertThat(choose(Blocking.class, Another.class).connector().name()).isEqualTo("another");
        assertThat(choose(Another.class, Blocking.class).connector().name()).isEqualTo("another");
        assertThat(providers(Blocking.class, Native.class, Another.class, Preferred.class)
                        .names())
                .containsExactly("native", "preferred", "another", "blocking");
    }

    @Test
    void takesTheOneThatIsNamedByThePropertyBeforeTheVariable() {
        Providers providers = providers(Blocking.class, Another.class, Native.class);

        Connectors.Choice property = Connectors.choose(SETTINGS, providers, " blocking ", "another");
        assertThat(property.connector().name()).isEqualTo("blocking");
        assertThat(property.reason()).isEqualTo("named by the system property procrastinate.connector");

        Connectors.Choice variable = Connectors.choose(SETTINGS, providers, " ", "another");
        assertThat(variable.connector().name()).isEqualTo("another");
        assertThat(variable.reason()).isEqualTo("named by the environment variable PROCRASTINATE_CONNECTOR");

        assertThat(Connectors.choose(SETTINGS, providers, "", "").connector().name())
                .isEqualTo("native");
    }

    @Test
    void refusesAnUnknownName() {
        Providers providers = providers(Blocking.class, Native.class);

        assertThatThrownBy(() -> Connectors.choose(SETTINGS, providers, "nonesuch", null))
                .isInstanceOf(ConnectorSelectionException.class)
                .hasMessageContaining("No connector named 'nonesuch'. Found: [native, blocking]")
                .hasMessageContaining("procrastinate-connector-nonesuch");
    }

    @Test
    void refusesTwoOfOneName() {
        Providers providers = providers(Blocking.class, SameName.class, Native.class);

        assertThatThrownBy(() -> Connectors.choose(SETTINGS, providers, "blocking", null))
                .isInstanceOf(ConnectorSelectionException.class)
                .hasMessageContaining("Several connectors are named 'blocking'")
                .hasMessageContaining(Blocking.class.getName())
                .hasMessageContaining(SameName.class.getName())
                .hasMessageContaining("Remove all but one");
        assertThatThrownBy(() -> Connectors.choose(SETTINGS, providers, null, null))
                .isInstanceOf(ConnectorSelectionException.class);
        assertThat(Connectors.choose(SETTINGS, providers, "native", null)
                        .connector()
                        .name())
                .isEqualTo("native");
    }

    @Test
    void saysWhatToAddWhereThereIsNone() {
        assertThatThrownBy(() -> choose())
                .isInstanceOf(ConnectorSelectionException.class)
                .hasMessageContaining("No connector was found")
                .hasMessageContaining("io.procrastinate:procrastinate-connector-pgjdbc");
    }

    @Test
    void passesOverAProviderThatDoesNotLoad() {
        String missing = "com.acme.Missing";
        assertThat(choose(Unloadable.class.getName(), missing, Unlinked.NAME, Blocking.class.getName())
                        .connector()
                        .name())
                .isEqualTo("blocking");
    }

    @Test
    void reportsAProviderThatDoesNotLoadWhereNothingElseIsLeft() {
        assertThatThrownBy(() -> choose(Unloadable.class.getName(), "com.acme.Missing", Unlinked.NAME))
                .isInstanceOf(ConnectorSelectionException.class)
                .hasMessageContainingAll(
                        "No connector works", Unloadable.class.getName(), "com.acme.Missing", Unlinked.MESSAGE)
                .satisfies(e -> assertThat(e.getCause()).isNotNull())
                .satisfies(e -> assertThat(e.getSuppressed()).hasSize(2));
        Providers providers = Providers.of(new Services(Unloadable.class.getName(), Blocking.class.getName()));
        assertThatThrownBy(() -> Connectors.choose(SETTINGS, providers, "unloadable", null))
                .isInstanceOf(ConnectorSelectionException.class)
                .hasMessageContaining("Found: [blocking]")
                .hasMessageContaining("failed to load")
                .hasMessageContaining(Unloadable.class.getName());
    }

    @Test
    void passesOverAProviderThatDoesNotTellItsNameOrKind() {
        assertThat(choose(Nameless.class, OfAnotherRelease.class, Blocking.class)
                        .connector()
                        .name())
                .isEqualTo("blocking");
        assertThatThrownBy(() -> choose(Nameless.class, OfAnotherRelease.class))
                .isInstanceOf(ConnectorSelectionException.class)
                .hasMessageContainingAll(
                        "No connector works", Nameless.class.getName(), OfAnotherRelease.class.getName(), "kind()");
    }

    @Test
    void passesOverAConnectorWhoseDriverIsMissing() {
        assertThat(choose(Driverless.class, Blocking.class).connector().name()).isEqualTo("blocking");
        assertThatThrownBy(() -> choose(Driverless.class))
                .isInstanceOf(ConnectorSelectionException.class)
                .hasMessageContaining("No connector works. Found: [driverless]")
                .hasMessageContaining("com/acme/Driver")
                .hasMessageContaining("Is its driver on the class path?");
        Providers providers = providers(Driverless.class, Blocking.class);
        assertThatThrownBy(() -> Connectors.choose(SETTINGS, providers, "driverless", null))
                .isInstanceOf(ConnectorSelectionException.class)
                .hasMessageContaining("'driverless'")
                .hasMessageContaining("cannot be created")
                .hasRootCauseInstanceOf(NoClassDefFoundError.class);
    }

    @Test
    void takesTheBestOneForAPool() {
        Providers providers = providers(Blocking.class, Another.class, Preferred.class, Native.class, Driverless.class);

        Connectors.Choice choice = Connectors.choose(SETTINGS, "blocking another", providers, null, null);

        assertThat(choice.connector().name()).isEqualTo("another");
        assertThat(choice.connector()).isInstanceOf(ThreadedConnector.class);
        assertThat(choice.reason()).isEqualTo("the best one found that takes a pool of the class java.lang.String");
        assertThat(Connectors.choose(SETTINGS, "native", providers, "", "native")
                        .reason())
                .isEqualTo("named by the environment variable PROCRASTINATE_CONNECTOR");
    }

    @Test
    void refusesAPoolThatTheNamedOneDoesNotTake() {
        Providers providers = providers(Blocking.class, Another.class, Native.class);

        assertThatThrownBy(() -> Connectors.choose(SETTINGS, "blocking another", providers, "native", null))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining(
                        "'native', named by the system property procrastinate.connector, takes no pool of")
                .hasMessageContaining("java.lang.String")
                .hasMessageContaining("do: [another, blocking]");
        assertThatThrownBy(() -> Connectors.choose(SETTINGS, "none", providers, null, null))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("No connector takes a pool of the class java.lang.String")
                .hasMessageContaining("[native, another, blocking]");
    }

    private static Connectors.Choice choose(Class<?>... registered) {
        return Connectors.choose(SETTINGS, providers(registered), null, null);
    }

    private static Connectors.Choice choose(String... registered) {
        return Connectors.choose(SETTINGS, Providers.of(new Services(registered)), null, null);
    }

    private static Connectors.Choice choose() {
        return choose(new String[0]);
    }

    private static Providers providers(Class<?>... registered) {
        String[] names = Arrays.stream(registered).map(Class::getName).toArray(String[]::new);
        return Providers.of(new Services(names));
    }

    /** A class loader that finds just the registered providers. */
    private static final class Services extends ClassLoader {

        private final String lines;

        Services(String... registered) {
            super(ConnectorsTest.class.getClassLoader());
            this.lines = String.join("\n", registered);
        }

        @Override
        public Enumeration<URL> getResources(String name) throws IOException {
            if (!name.equals("META-INF/services/" + ConnectorProvider.class.getName())) {
                return super.getResources(name);
            }
            return Collections.enumeration(List.of(new URL(null, "services:registered", new Lines(lines))));
        }

        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
            if (name.equals(Unlinked.NAME)) {
                throw new UnsupportedClassVersionError(Unlinked.MESSAGE);
            }
            throw new ClassNotFoundException(name);
        }
    }

    private static final class Lines extends URLStreamHandler {

        private final String lines;

        Lines(String lines) {
            this.lines = lines;
        }

        @Override
        protected URLConnection openConnection(URL url) {
            return new URLConnection(url) {
                @Override
                public void connect() {
                    connected = true;
                }

                @Override
                public InputStream getInputStream() {
                    return new ByteArrayInputStream(lines.getBytes(StandardCharsets.UTF_8));
                }
            };
        }
    }

    /** A class that a newer Java would load. */
    private static final class Unlinked {
        static final String NAME = "com.acme.Newer";
        static final String MESSAGE = "com/acme/Newer was made for a newer Java";
    }

    /** A provider of a name. */
    public abstract static class Named implements ConnectorProvider {

        private final String name;
        private final Kind kind;
        private final int priority;

        Named(String name, Kind kind, int priority) {
            this.name = name;
            this.kind = kind;
            this.priority = priority;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public Kind kind() {
            return kind;
        }

        @Override
        public int priority() {
            return priority;
        }

        @Override
        public Connector create(ConnectorSettings settings) {
            FakeSyncConnector connector = new FakeSyncConnector(name) {
                @Override
                public boolean accepts(Object pool) {
                    return pool.toString().contains(name());
                }
            };
            return kind == Kind.SYNCHRONOUS ? connector : ThreadedConnector.over(connector);
        }
    }

    public static final class Blocking extends Named {
        public Blocking() {
            super("blocking", Kind.SYNCHRONOUS, 0);
        }
    }

    public static final class SameName extends Named {
        public SameName() {
            super("blocking", Kind.SYNCHRONOUS, 0);
        }
    }

    public static final class Another extends Named {
        public Another() {
            super("another", Kind.SYNCHRONOUS, 0);
        }
    }

    public static final class Preferred extends Named {
        public Preferred() {
            super("preferred", Kind.SYNCHRONOUS, 1000);
        }
    }

    public static final class Native extends Named {
        public Native() {
            super("native", Kind.ASYNCHRONOUS, -5);
        }
    }

    public static final class Driverless extends Named {
        public Driverless() {
            super("driverless", Kind.ASYNCHRONOUS, 0);
        }

        @Override
        public Connector create(ConnectorSettings settings) {
            throw new NoClassDefFoundError("com/acme/Driver");
        }
    }

    public static final class Nameless extends Named {
        public Nameless() {
            super("nameless", Kind.ASYNCHRONOUS, 0);
        }

        @Override
        public String name() {
            throw new IllegalStateException("no name");
        }
    }

    /** As a provider answers that was compiled before the interface had the method. */
    public static final class OfAnotherRelease extends Named {
        public OfAnotherRelease() {
            super("of-another-release", Kind.ASYNCHRONOUS, 0);
        }

        @Override
        public Kind kind() {
            throw new AbstractMethodError("kind()");
        }
    }

    public static final class Unloadable extends Named {
        public Unloadable() {
            super(missing(), Kind.ASYNCHRONOUS, 0);
        }

        private static String missing() {
            @Nullable String home = System.getProperty("no.such.property");
            return Objects.requireNonNull(home, "no such property");
        }
    }
}
