package io.procrastinate.connector;

import io.procrastinate.exception.ConnectorException;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Which of the {@linkplain ConnectorSettings#parameters() connection parameters} a connector honours. It refuses all
 * others with {@link #require}, so that no setting is ever ignored. Immutable.
 */
public final class ParameterSupport {

    /**
     * Honours no parameter; accepts values that are {@linkplain ConnectionParameter#harmless() harmless} all the same.
     */
    public static final ParameterSupport NONE = new ParameterSupport(Map.of());

    /** The values that are honoured; an empty set means any. */
    private final Map<String, Set<String>> honoured;

    private ParameterSupport(Map<String, Set<String>> honoured) {
        this.honoured = honoured;
    }

    /** Adds a parameter that is honoured with any value, or, if values are given, with these only. */
    public ParameterSupport with(String name, String... values) {
        Map<String, Set<String>> more = new TreeMap<>(honoured);
        more.put(name, Set.of(values));
        return new ParameterSupport(more);
    }

    /** Adds parameters that are honoured with any value. */
    public ParameterSupport withAll(Collection<String> names) {
        Map<String, Set<String>> more = new TreeMap<>(honoured);
        names.forEach(name -> more.put(name, Set.of()));
        return new ParameterSupport(more);
    }

    /** Whether a connector accepts a parameter with a value, because it honours it or because the value is harmless. */
    public boolean accepts(ConnectionParameter parameter, String value) {
        Set<String> values = honoured.get(parameter.name());
        return parameter.harmless().contains(value) || (values != null && (values.isEmpty() || values.contains(value)));
    }

    /** Whether a connector honours a parameter with at least one value. */
    public boolean honours(String name) {
        return honoured.containsKey(name);
    }

    /**
     * Checks the parameters of settings, before a connection is made from them.
     *
     * @param connector the connector's name, for the message
     * @throws ConnectorException if one of them is not accepted; its message names the connector, the parameter, and
     *     what to do
     */
    public void require(String connector, ConnectorSettings settings) {
        settings.parameters().forEach((name, value) -> {
            ConnectionParameter parameter = ConnectionParameter.named(name);
            if (parameter != null && !accepts(parameter, value)) {
                // A value that is not one of a few fixed words may be a secret.
                String shown = parameter.values().isEmpty() ? "" : " with the value '" + value + "'";
                throw ConnectorException.refusal(
                        "The connector '" + connector + "' cannot honour the connection parameter " + parameter.label()
                                + shown + ": " + parameter.advice() + ".");
            }
        });
    }
}
