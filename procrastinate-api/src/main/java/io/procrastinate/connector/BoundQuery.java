package io.procrastinate.connector;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A {@link Query} with a value for every parameter. Immutable and thread-safe. */
public final class BoundQuery {

    private final Query query;
    private final Map<String, @Nullable Object> values;
    private final @Nullable Duration deadline;

    private BoundQuery(Query query, Map<String, @Nullable Object> values, @Nullable Duration deadline) {
        this.query = query;
        this.values = values;
        this.deadline = deadline;
    }

    /** The statement. */
    public Query query() {
        return query;
    }

    /** The value of a parameter: of the class that its {@link ParameterType} names, or null. */
    public @Nullable Object value(String parameter) {
        return values.get(parameter);
    }

    /** The values in the order of {@link Query#positional()} or {@link Query#numbered()}. */
    public List<@Nullable Object> values(Query.Rendered rendered) {
        List<@Nullable Object> ordered = new ArrayList<>(rendered.parameters().size());
        for (String parameter : rendered.parameters()) {
            ordered.add(values.get(parameter));
        }
        return ordered;
    }

    /**
     * Returns how long the statement may take: its own limit, or {@link ConnectorSettings#statementTimeout()} if it has
     * none. A statement that exceeds it fails with the SQLSTATE 57014, whether the server stopped it or the connector
     * gave it up; if the server no longer answered at all, with that of a lost connection, or with none.
     *
     * @param settings those of the connector that executes the query
     */
    public Duration deadline(ConnectorSettings settings) {
        return deadline == null ? settings.statementTimeout() : deadline;
    }

    /** The query's name: values may be private to the application and are not shown. */
    @Override
    public String toString() {
        return query.name();
    }

    /** Collects the values of a query's parameters. Not thread-safe. */
    public static final class Binder {

        private final Query query;
        private final Map<String, @Nullable Object> values = new HashMap<>();
        private @Nullable Duration deadline;

        Binder(Query query) {
            this.query = query;
        }

        /**
         * Gives a parameter its value.
         *
         * @throws IllegalArgumentException if there is no such parameter or the value is of another class than its
         *     type's
         */
        public Binder set(String parameter, @Nullable Object value) {
            ParameterType type = query.parameters().get(parameter);
            if (type == null) {
                throw new IllegalArgumentException("Query " + query + " has no parameter " + parameter);
            }
            if (!type.accepts(value)) {
                throw new IllegalArgumentException("Parameter " + parameter + " of query " + query + " is " + type
                        + " and does not take a "
                        + (value == null ? "null" : value.getClass().getName()));
            }
            values.put(parameter, exact(value));
            return this;
        }

        /**
         * The value as the server can store it, so that all connectors send the same; lists are copied, so that it
         * cannot change.
         */
        private static @Nullable Object exact(@Nullable Object value) {
            if (value instanceof Instant instant && !instant.equals(Instant.MAX) && !instant.equals(Instant.MIN)) {
                return instant.truncatedTo(ChronoUnit.MICROS);
            }
            return value instanceof List<?> list ? copy(list) : value;
        }

        private static List<?> copy(List<?> list) {
            return Collections.unmodifiableList(new ArrayList<>(list));
        }

        /** Limits how long the statement may take, to at most 24 days. */
        public Binder deadline(Duration limit) {
            this.deadline = ConnectorSettings.limited(limit);
            return this;
        }

        /**
         * Completes the query.
         *
         * @throws IllegalStateException if a parameter has no value
         */
        public BoundQuery build() {
            if (values.size() < query.parameters().size()) {
                throw new IllegalStateException(
                        "Query " + query + " needs " + query.parameters().keySet() + ", given " + values.keySet());
            }
            return new BoundQuery(query, Collections.unmodifiableMap(new HashMap<>(values)), deadline);
        }
    }
}
