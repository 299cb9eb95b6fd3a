package io.procrastinate;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.procrastinate.adapter.Connectors;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.exception.ConnectorSelectionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/** A connector is chosen by a name that no provider has. */
@Isolated("sets the property by which every app of the JVM chooses its connector")
class UnknownConnectorTest {

    @Test
    void saysWhichConnectorsThereAre() {
        String before = System.setProperty(Connectors.PROPERTY, "nonesuch");
        try {
            ConnectorSettings settings = ConnectorSettings.builder().build();
            assertThatExceptionOfType(ConnectorSelectionException.class)
                    .isThrownBy(() -> App.create(settings))
                    .withMessageContaining("No connector named 'nonesuch'")
                    .withMessageContaining("Found: [pgjdbc, jdbc]")
                    .withMessageContaining("Add its jar");
        } finally {
            if (before == null) {
                System.clearProperty(Connectors.PROPERTY);
            } else {
                System.setProperty(Connectors.PROPERTY, before);
            }
        }
    }
}
