package io.procrastinate.connector.pgjdbcng;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.connector.Capability;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.jdbc.contract.JdbcDriverContract;
import java.util.EnumSet;
import org.junit.jupiter.api.Test;

class PgjdbcNgConnectorTest extends JdbcDriverContract {

    PgjdbcNgConnectorTest() {
        super(PgjdbcNgConnector::create);
    }

    @Test
    void canDoEverythingButWithoutPreparedStatements() {
        assertThat(connector().capabilities())
                .containsExactlyInAnyOrderElementsOf(EnumSet.complementOf(EnumSet.of(Capability.UNPREPARED)));
    }

    @Test
    void refusesToDoWithoutPreparedStatements() {
        assertThatThrownBy(() -> open(settings.preparedStatements(false).build()))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("'pgjdbc-ng' cannot do without prepared statements");
    }

    @Test
    void handsFurtherParametersToTheDriver() {
        open(settings.parameter("prepared-statement.cache.size", "0").build());

        assertThat(select("SELECT string_agg(name, ' ') AS names FROM pg_prepared_statements"
                                + " WHERE statement LIKE '%AS names %'")
                        .text("names"))
                .startsWith("nocache");
    }
}
