package io.procrastinate.tck;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.ParameterType;
import io.procrastinate.connector.Query;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Builds each query of the tests in one line. */
final class Sql {

    /** The name of every query of the tests, which error messages must show. */
    static final String NAME = "tck_query";

    private final String text;
    private final Map<String, ParameterType> types = new LinkedHashMap<>();
    private final Map<String, @Nullable Object> values = new LinkedHashMap<>();
    private @Nullable Duration deadline;

    private Sql(String text) {
        this.text = text;
    }

    /** A statement without parameters. */
    static BoundQuery sql(String text) {
        return of(text).bound();
    }

    static Sql of(String text) {
        return new Sql(text);
    }

    /** A query that returns one row with one column, {@code v}: the value sent. */
    static BoundQuery echo(ParameterType type, @Nullable Object value) {
        return of("SELECT :v AS v").set("v", type, value).bound();
    }

    Sql set(String name, ParameterType type, @Nullable Object value) {
        types.put(name, type);
        values.put(name, value);
        return this;
    }

    Sql deadline(Duration limit) {
        deadline = limit;
        return this;
    }

    BoundQuery bound() {
        Query.Builder builder = Query.named(NAME);
        types.forEach(builder::parameter);
        BoundQuery.Binder binder = builder.sql(text).bind();
        values.forEach(binder::set);
        if (deadline != null) {
            binder.deadline(deadline);
        }
        return binder.build();
    }
}
