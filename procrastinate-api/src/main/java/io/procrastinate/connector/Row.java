package io.procrastinate.connector;

import io.procrastinate.exception.ConnectorException;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One row of a result, read by column name. Immutable and thread-safe.
 *
 * <p>A connector returns each value in the class that belongs to the column's type, whatever its driver would use:
 * {@code bigint} {@link Long}, {@code integer} and {@code smallint} {@link Integer}, {@code boolean} {@link Boolean},
 * {@code timestamptz} {@link Instant} ({@code infinity} is {@link Instant#MAX}, {@code -infinity} {@link Instant#MIN}),
 * {@code text[]} {@link List} of {@link String}, {@code bigint[]} {@link List} of {@link Long} (elements may be null),
 * {@code double precision} {@link Double}; text, {@code varchar} and enums {@link String}. SQL null is null.
 */
public final class Row {

    private final Columns columns;
    private final @Nullable Object[] values;

    private Row(Columns columns, @Nullable Object[] values) {
        this.columns = columns;
        this.values = values;
    }

    /** Returns the columns that the rows of one result share. */
    public static Columns columns(List<String> names) {
        return new Columns(names);
    }

    /** The columns' names in the order of the result. */
    public List<String> columnNames() {
        return columns.names;
    }

    /**
     * The value of a column as the connector gave it.
     *
     * @throws ConnectorException if the result has no such column
     */
    public @Nullable Object value(String column) {
        Integer index = columns.indexes.get(column);
        if (index == null) {
            throw ConnectorException.refusal("The result has no column " + column + ". Found: " + columns.names);
        }
        return values[index];
    }

    /** The value of a {@code bigint} column that is not null. */
    public long bigint(String column) {
        return read(column, Long.class);
    }

    /** The value of a {@code bigint} column, or null. */
    public @Nullable Long bigintOrNull(String column) {
        return readOrNull(column, Long.class);
    }

    /** The value of an {@code integer} column that is not null. */
    public int integer(String column) {
        return read(column, Integer.class);
    }

    /** The value of a {@code boolean} column that is not null. */
    public boolean bool(String column) {
        return read(column, Boolean.class);
    }

    /** The value of a text column that is not null. */
    public String text(String column) {
        return read(column, String.class);
    }

    /** The value of a text column, or null. */
    public @Nullable String textOrNull(String column) {
        return readOrNull(column, String.class);
    }

    /** The value of a {@code timestamptz} column, or null. */
    public @Nullable Instant instantOrNull(String column) {
        return readOrNull(column, Instant.class);
    }

    /** The value of a {@code text[]} column, or null. */
    @SuppressWarnings("unchecked") // connectors guarantee the class of the elements
    public @Nullable List<@Nullable String> textsOrNull(String column) {
        return (List<@Nullable String>) readOrNull(column, List.class);
    }

    /** The value of a {@code bigint[]} column, or null. */
    @SuppressWarnings("unchecked") // connectors guarantee the class of the elements
    public @Nullable List<@Nullable Long> bigintsOrNull(String column) {
        return (List<@Nullable Long>) readOrNull(column, List.class);
    }

    private <T> T read(String column, Class<T> type) {
        T value = readOrNull(column, type);
        if (value == null) {
            throw ConnectorException.refusal("Column " + column + " is null");
        }
        return value;
    }

    private <T> @Nullable T readOrNull(String column, Class<T> type) {
        Object value = value(column);
        if (value != null && !type.isInstance(value)) {
            throw ConnectorException.refusal(
                    "Column " + column + " is a " + value.getClass().getName() + ", not a " + type.getName());
        }
        return type.cast(value);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Row row && columns.names.equals(row.columns.names) && Arrays.equals(values, row.values);
    }

    @Override
    public int hashCode() {
        return Objects.hash(columns.names, Arrays.hashCode(values));
    }

    /** The columns' names: values may be private to the application and are not shown. */
    @Override
    public String toString() {
        return "Row" + columns.names;
    }

    /** The columns of a result, from which its rows are made. Immutable and thread-safe. */
    public static final class Columns {

        private final List<String> names;
        private final Map<String, Integer> indexes;

        private Columns(List<String> names) {
            this.names = List.copyOf(names);
            this.indexes = new HashMap<>();
            for (int index = 0; index < names.size(); index++) {
                indexes.putIfAbsent(names.get(index), index);
            }
        }

        /**
         * A row of these columns. The array becomes the row's own.
         *
         * @throws IllegalArgumentException if there are more or fewer values than columns
         */
        public Row row(@Nullable Object... values) {
            if (values.length != names.size()) {
                throw new IllegalArgumentException(values.length + " values for the columns " + names);
            }
            return new Row(this, values);
        }
    }
}
