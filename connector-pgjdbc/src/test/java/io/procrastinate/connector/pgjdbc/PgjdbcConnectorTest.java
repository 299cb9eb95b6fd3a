package io.procrastinate.connector.pgjdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.connector.Capability;
import io.procrastinate.connector.Identifiers;
import io.procrastinate.jdbc.contract.JdbcDriverContract;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PgjdbcConnectorTest extends JdbcDriverContract {

    PgjdbcConnectorTest() {
        super(PgjdbcConnector::create);
    }

    @Test
    void canDoEverything() {
        assertThat(connector().capabilities()).containsExactlyInAnyOrder(Capability.values());
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain", "Upper Case", "quo\"te", "com,ma", "ünï", "back\\slash", "select"})
    void usesTheSchemaWithoutPreparedStatementsToo(String schema) {
        database.run("CREATE SCHEMA " + Identifiers.quote(schema));

        open(settings.schema(schema).preparedStatements(false).build());
        assertThat(select("SELECT current_schema()::text AS name").text("name")).isEqualTo(schema);
    }

    @Test
    void preparesNothingWhenToldSo() {
        open(settings.preparedStatements(false).poolSize(1).build());

        assertThat(preparedAfterManyExecutions()).isZero();
    }

    @Test
    void handsFurtherParametersToTheDriver() {
        open(settings.parameter("options", "-c work_mem=5MB").build());

        assertThat(select("SELECT current_setting('work_mem') AS mem, current_setting('jit') AS jit")
                        .text("mem"))
                .isEqualTo("5MB");
    }
}
