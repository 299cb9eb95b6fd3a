package io.procrastinate.connector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QueryTest {

    private static final Query TWICE = Query.named("twice")
            .parameter("id", ParameterType.BIGINT)
            .parameter("name", ParameterType.TEXT)
            .sql("SELECT :id, :name, :id");

    @Test
    void rendersEachOccurrenceForJdbc() {
        assertThat(TWICE.positional().sql()).isEqualTo("SELECT (?::bigint), (?::text), (?::bigint)");
        assertThat(TWICE.positional().parameters()).containsExactly("id", "name", "id");
    }

    @Test
    void rendersEachParameterAsOneNumber() {
        assertThat(TWICE.numbered().sql()).isEqualTo("SELECT ($1::bigint), ($2::text), ($1::bigint)");
        assertThat(TWICE.numbered().parameters()).containsExactly("id", "name");
    }

    @ParameterizedTest
    @CsvSource({
        "BIGINT, ($1::bigint)",
        "INTEGER, ($1::integer)",
        "BOOLEAN, ($1::boolean)",
        "TEXT, ($1::text)",
        "INSTANT, ($1::timestamptz)",
        "TEXT_ARRAY, ($1::text[])",
        "BIGINT_ARRAY, ($1::bigint[])",
        "JSON, ($1::text)::jsonb"
    })
    void castsEachParameterToItsType(ParameterType type, String cast) {
        Query query = Query.named("typed").parameter("value", type).sql("SELECT :value");

        assertThat(query.numbered().sql()).isEqualTo("SELECT " + cast);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT ':id'",
                "SELECT 'it''s :id'",
                "SELECT ''':id'",
                "SELECT \":id\", \"a\"\":id\"",
                "SELECT 1 -- :id, it's",
                "SELECT /* it's :id */ 1",
                "SELECT /* one\n:id */ 1",
                "SELECT now()::text",
                "SELECT '$1', '\\'"
            })
    void leavesColonsAloneThatAreNoParameters(String sql) {
        Query query = Query.named("literal").sql(sql);

        assertThat(query.positional().sql()).isEqualTo(sql);
        assertThat(query.positional().parameters()).isEmpty();
    }

    @Test
    void findsParametersNextToWhatMustBeLeftAlone() {
        Query query = Query.named("mixed")
                .parameter("a", ParameterType.TEXT)
                .parameter("b_2", ParameterType.INTEGER)
                .sql("SELECT ':a', :a::procrastinate_job_status, '--', :b_2 -- :b_2");

        assertThat(query.numbered().sql())
                .isEqualTo("SELECT ':a', ($1::text)::procrastinate_job_status, '--', ($2::integer) -- :b_2");
    }

    @Test
    void refusesAParameterThatIsNotDeclared() {
        assertThatThrownBy(() -> Query.named("undeclared").sql("SELECT :id"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Query undeclared uses :id without declaring it");
    }

    @Test
    void refusesAParameterThatIsNotUsed() {
        Query.Builder query = Query.named("unused").parameter("id", ParameterType.BIGINT);

        assertThatThrownBy(() -> query.sql("SELECT ':id'"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("unused")
                .hasMessageContaining("[id]");
    }

    @Test
    void refusesAParameterDeclaredTwice() {
        Query.Builder query = Query.named("twice").parameter("id", ParameterType.BIGINT);

        assertThatThrownBy(() -> query.parameter("id", ParameterType.TEXT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(":id twice");
    }

    @Test
    void takesNullForEveryType() {
        for (ParameterType type : ParameterType.values()) {
            BoundQuery bound = Query.named("null")
                    .parameter("value", type)
                    .sql("SELECT :value")
                    .bind()
                    .set("value", null)
                    .build();
            assertThat(bound.value("value")).isNull();
        }
    }

    @Test
    void refusesAValueOfAnotherClass() {
        BoundQuery.Binder binder = TWICE.bind();

        assertThatThrownBy(() -> binder.set("id", 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Parameter id of query twice is BIGINT and does not take a java.lang.Integer");
        assertThatThrownBy(() -> binder.set("other", 1)).hasMessage("Query twice has no parameter other");
        BoundQuery.Binder array = Query.named("array")
                .parameter("ids", ParameterType.BIGINT_ARRAY)
                .sql("SELECT :ids")
                .bind();
        assertThatThrownBy(() -> array.set("ids", List.of("1"))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void refusesToBuildWithoutEveryValue() {
        BoundQuery.Binder binder = TWICE.bind().set("id", 1L);

        assertThatThrownBy(binder::build)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("twice needs [id, name], given [id]");
    }

    @Test
    void answersTheValuesInTheOrderOfThePlaceholders() {
        BoundQuery bound = TWICE.bind()
                .set("name", "n")
                .set("id", 7L)
                .deadline(Duration.ofSeconds(3))
                .build();

        assertThat(bound.values(TWICE.positional())).containsExactly(7L, "n", 7L);
        assertThat(bound.values(TWICE.numbered())).containsExactly(7L, "n");
        assertThat(bound.deadline(ConnectorSettings.defaults())).isEqualTo(Duration.ofSeconds(3));
        assertThat(bound).hasToString("twice");
    }

    @Test
    void staysAsItWasBuilt() {
        Query query = Query.named("lasting")
                .parameter("texts", ParameterType.TEXT_ARRAY)
                .parameter("id", ParameterType.BIGINT)
                .sql("SELECT :texts, :id");
        List<String> texts = new ArrayList<>(List.of("a"));
        BoundQuery.Binder binder = query.bind().set("texts", texts).set("id", 1L);

        BoundQuery bound = binder.build();
        texts.add("b");
        binder.set("id", 2L);

        assertThat(bound.value("texts")).isEqualTo(List.of("a"));
        assertThat(bound.value("id")).isEqualTo(1L);
    }
}
