package io.procrastinate.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.adapter.Connectors;
import io.procrastinate.connector.ConnectionParameter;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ParameterSupport;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The table of connection parameters agrees with each connector's own declaration. */
class ParametersTest {

    private static final List<String> CONNECTORS = List.of("pgjdbc", "pgjdbc-ng", "vertx", "r2dbc");

    @Test
    void theTableSaysWhatTheConnectorsDo() {
        List<List<String>> expected = new ArrayList<>();
        for (ConnectionParameter parameter : ConnectionParameter.all()) {
            if (parameter.kind() == ConnectionParameter.Kind.LIBPQ) {
                List<String> row = new ArrayList<>(List.of("`" + parameter.name() + "`"));
                CONNECTORS.forEach(name -> row.add(cell(parameter, support(name))));
                expected.add(row);
            }
        }

        assertThat(Documents.rows(Documents.section(Documents.read("docs/connectors.md"), "### Connection parameters")))
                .containsExactlyElementsOf(expected);
    }

    @Test
    void everyParameterOfADriverIsHonouredByItsConnector() {
        for (ConnectionParameter parameter : ConnectionParameter.all()) {
            if (parameter.kind() == ConnectionParameter.Kind.DRIVER) {
                assertThat(Stream.of("pgjdbc", "pgjdbc-ng").map(ParametersTest::support))
                        .as(parameter.name())
                        .anyMatch(support -> support.honours(parameter.name()));
            }
        }
    }

    private static ParameterSupport support(String connector) {
        return Connectors.named(connector, ConnectorSettings.fromEnvironment()).parameterSupport();
    }

    /** The accepted values. */
    private static String cell(ConnectionParameter parameter, ParameterSupport support) {
        List<String> values = parameter.values().isEmpty()
                ? Stream.concat(Stream.of(parameter.example()), parameter.harmless().stream())
                        .distinct()
                        .toList()
                : parameter.values();
        List<String> taken = values.stream()
                .filter(value -> support.accepts(parameter, value))
                .toList();
        if (taken.size() == values.size()) {
            return "any";
        }
        return taken.isEmpty() ? "–" : "`" + String.join("`, `", taken) + "`";
    }
}
