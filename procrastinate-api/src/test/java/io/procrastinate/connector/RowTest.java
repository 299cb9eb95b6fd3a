package io.procrastinate.connector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.exception.ConnectorException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class RowTest {

    private static final Row ROW = Row.columns(List.of("id", "small", "flag", "name", "at", "texts", "ids", "nothing"))
            .row(1L, 2, true, "n", Instant.EPOCH, Arrays.asList("a", null), List.of(3L), null);

    @Test
    void readsEachType() {
        assertThat(ROW.bigint("id")).isEqualTo(1);
        assertThat(ROW.integer("small")).isEqualTo(2);
        assertThat(ROW.bool("flag")).isTrue();
        assertThat(ROW.text("name")).isEqualTo("n");
        assertThat(ROW.instantOrNull("at")).isEqualTo(Instant.EPOCH);
        assertThat(ROW.textsOrNull("texts")).containsExactly("a", null);
        assertThat(ROW.bigintsOrNull("ids")).containsExactly(3L);
        assertThat(ROW.value("id")).isEqualTo(1L);
    }

    @Test
    void answersNullWhereThatIsAskedFor() {
        assertThat(ROW.bigintOrNull("nothing")).isNull();
        assertThat(ROW.textOrNull("nothing")).isNull();
        assertThat(ROW.instantOrNull("nothing")).isNull();
        assertThat(ROW.textsOrNull("nothing")).isNull();
        assertThat(ROW.bigintsOrNull("nothing")).isNull();
    }

    @Test
    void namesTheColumnThatIsNullMissingOrOfAnotherType() {
        assertThatExceptionOfType(ConnectorException.class)
                .isThrownBy(() -> ROW.bigint("nothing"))
                .withMessage("Column nothing is null")
                .satisfies(e -> assertThat(e.isTransient()).isFalse());
        assertThatThrownBy(() -> ROW.text("other"))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("no column other")
                .hasMessageContaining("[id, small,");
        assertThatThrownBy(() -> ROW.text("id"))
                .isInstanceOf(ConnectorException.class)
                .hasMessage("Column id is a java.lang.Long, not a java.lang.String");
    }

    @Test
    void isAValueThatDoesNotShowItsValues() {
        Row.Columns columns = Row.columns(List.of("a"));

        assertThat(columns.row(1L)).isEqualTo(Row.columns(List.of("a")).row(1L)).hasSameHashCodeAs(columns.row(1L));
        assertThat(columns.row(1L)).isNotEqualTo(columns.row(2L));
        assertThat(columns.row("secret")).hasToString("Row[a]");
        assertThat(columns.row(1L).columnNames()).containsExactly("a");
        assertThatThrownBy(() -> columns.row(1L, 2L)).isInstanceOf(IllegalArgumentException.class);
    }
}
