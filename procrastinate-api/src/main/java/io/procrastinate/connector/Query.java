package io.procrastinate.connector;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One SQL statement with named, typed parameters. Queries are constants: written in one place, rendered once for each
 * style of placeholder. Immutable and thread-safe.
 *
 * <p>A parameter is written {@code :name} and may occur several times. Colons inside literals, quoted identifiers,
 * comments and casts ({@code ::text}) are left alone. Every rendered placeholder carries a cast to its declared type,
 * so that a null or an array means the same to every driver.
 */
public final class Query {

    private static final Pattern TOKEN = Pattern.compile(
            "'(?:[^']|'')*'" // literal
                    + "|\"(?:[^\"]|\"\")*\"" // quoted identifier
                    + "|--[^\n]*" // comment
                    + "|/\\*.*?\\*/"
                    + "|::" // cast
                    + "|:([a-z][a-z0-9_]*)", // parameter
            Pattern.DOTALL);

    private final String name;
    private final Map<String, ParameterType> parameters;
    private final Rendered positional;
    private final Rendered numbered;

    private Query(String name, String sql, Map<String, ParameterType> parameters) {
        this.name = name;
        this.parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
        this.positional = render(sql, true, (parameter, position) -> "?");
        this.numbered = render(sql, false, (parameter, position) -> "$" + position);
        Set<String> unused = new HashSet<>(parameters.keySet());
        positional.parameters().forEach(unused::remove);
        if (!unused.isEmpty()) {
            throw new IllegalArgumentException(
                    "Query " + name + " declares parameters that its SQL does not use: " + unused);
        }
    }

    /** Starts a query. The name identifies it in logs and errors, and to a connector without SQL. */
    public static Builder named(String name) {
        return new Builder(name);
    }

    /** The name that identifies the query in logs and errors. */
    public String name() {
        return name;
    }

    /** The parameters in the order of their declaration. */
    public Map<String, ParameterType> parameters() {
        return parameters;
    }

    /** The SQL with {@code ?}, one placeholder for each occurrence of a parameter, as JDBC requires. */
    public Rendered positional() {
        return positional;
    }

    /** The SQL with {@code $1}, {@code $2}, ..., one number for each parameter, as PostgreSQL itself requires. */
    public Rendered numbered() {
        return numbered;
    }

    /** Starts giving values to the parameters. */
    public BoundQuery.Binder bind() {
        return new BoundQuery.Binder(this);
    }

    @Override
    public String toString() {
        return name;
    }

    private Rendered render(String sql, boolean repeat, BiFunction<String, Integer, String> placeholder) {
        List<String> order = new ArrayList<>();
        Matcher matcher = TOKEN.matcher(sql);
        StringBuilder rendered = new StringBuilder();
        while (matcher.find()) {
            String parameter = matcher.group(1);
            if (parameter == null) {
                matcher.appendReplacement(rendered, Matcher.quoteReplacement(matcher.group()));
                continue;
            }
            ParameterType type = parameters.get(parameter);
            if (type == null) {
                throw new IllegalArgumentException("Query " + name + " uses :" + parameter + " without declaring it");
            }
            int known = order.indexOf(parameter);
            if (repeat || known < 0) {
                order.add(parameter);
                known = order.size() - 1;
            }
            String marker = type.cast(placeholder.apply(parameter, known + 1));
            matcher.appendReplacement(rendered, Matcher.quoteReplacement(marker));
        }
        matcher.appendTail(rendered);
        return new Rendered(rendered.toString(), List.copyOf(order));
    }

    /**
     * SQL that a driver understands.
     *
     * @param sql the statement with placeholders
     * @param parameters the names of the parameters in the order of the placeholders
     */
    public record Rendered(String sql, List<String> parameters) {}

    /** Declares a query's parameters, then its SQL. */
    public static final class Builder {

        private final String name;
        private final Map<String, ParameterType> parameters = new LinkedHashMap<>();

        private Builder(String name) {
            this.name = name;
        }

        /** Declares a parameter. */
        public Builder parameter(String parameter, ParameterType type) {
            if (parameters.putIfAbsent(parameter, type) != null) {
                throw new IllegalArgumentException("Query " + name + " declares :" + parameter + " twice");
            }
            return this;
        }

        /**
         * Completes the query.
         *
         * @throws IllegalArgumentException if the SQL uses a parameter that is not declared, or does not use one that
         *     is
         */
        public Query sql(String sql) {
            return new Query(name, sql, parameters);
        }
    }
}
