package io.procrastinate.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.connector.ParameterType;
import io.procrastinate.connector.Query;
import org.junit.jupiter.api.Test;

class QueryFileTest {

    private static final QueryFile FILE = QueryFile.beside(QueryFileTest.class, "good.sql");

    @Test
    void readsEachQueryWithItsParameters() {
        assertThat(FILE.query("plain").numbered().sql()).isEqualTo("SELECT 1 AS one");

        Query query = FILE.query("with_parameters");
        assertThat(query.name()).isEqualTo("with_parameters");
        assertThat(query.parameters())
                .containsExactly(
                        java.util.Map.entry("ids", ParameterType.BIGINT_ARRAY),
                        java.util.Map.entry("args", ParameterType.JSON),
                        java.util.Map.entry("at", ParameterType.INSTANT));
        assertThat(query.numbered().sql())
                .isEqualTo("-- A comment of the query.\nSELECT ($1::bigint[]), ($2::text)::jsonb, ($3::timestamptz)");
    }

    @Test
    void putsWhatQueriesHaveInCommonIntoEach() {
        assertThat(FILE.query("one_that_includes").numbered().sql())
                .isEqualTo("SELECT n\n  FROM numbers\n WHERE n < ($1::integer)\n ORDER BY n");
    }

    @Test
    void putsTheConditionOfAQueryIntoItsPlaceInAPart() {
        assertThat(FILE.query("one_with_a_condition").numbered().sql())
                .isEqualTo("SELECT n\n  FROM numbers\n WHERE n < ($1::integer)\n   AND n > '$1'::int\n ORDER BY n");
    }

    @Test
    void includesPartsOfPartsAndOfAnotherFile() {
        assertThat(FILE.query("one_that_includes_more").numbered().sql())
                .isEqualTo("SELECT n\n  FROM numbers\n WHERE n < ($1::integer)\n LIMIT 3");
    }

    @Test
    void writesABoundAsItsNumber() {
        Query query = FILE.query("bounded");
        assertThat(query.parameters()).isEmpty();
        assertThat(query.numbered().sql()).endsWith("FROM numbers LIMIT 10");
    }

    @Test
    void namesWhatIsMissing() {
        assertThatThrownBy(() -> FILE.query("other")).hasMessage("No query other in good.sql");
        assertThatThrownBy(() -> QueryFile.beside(QueryFileTest.class, "missing.sql"))
                .hasMessageContaining("missing.sql")
                .hasMessageContaining(QueryFileTest.class.getName());
        assertThatThrownBy(() -> QueryFile.beside(QueryFileTest.class, "unknown_part.sql"))
                .hasMessage("No part nowhere in unknown_part.sql");
    }

    @Test
    void refusesWhatItDoesNotUnderstand() {
        assertThatThrownBy(() -> QueryFile.beside(QueryFileTest.class, "unknown_type.sql"))
                .hasMessageContaining("uuid");
        assertThatThrownBy(() -> QueryFile.beside(QueryFileTest.class, "undeclared.sql"))
                .hasMessageContaining("odd uses :id without declaring it");
    }
}
