package io.procrastinate.tck;

import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorSettings;
import java.util.function.Function;

/**
 * A connector that breaks one promise, and how the kit detects that.
 *
 * @param name what is wrong with the connector
 * @param theme the nested class of {@link ConnectorTck} that must fail
 * @param test the test of it that must fail
 * @param sentence a part of the sentence that the failure must quote
 * @param connector makes the broken connector
 */
record Fault(
        String name, Class<?> theme, String test, String sentence, Function<ConnectorSettings, Connector> connector) {

    static Fault of(
            String name,
            Class<?> theme,
            String test,
            String sentence,
            Function<ConnectorSettings, Connector> connector) {
        return new Fault(name, theme, test, sentence, connector);
    }

    @Override
    public String toString() {
        return name;
    }
}
