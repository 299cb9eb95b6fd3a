package io.procrastinate.adapter;

import io.procrastinate.connector.ParameterType;
import io.procrastinate.connector.Query;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Queries that stand in a {@code .sql} resource. Each begins with a line {@code -- query: name}, followed by a line
 * {@code -- parameter: name type} for each of its parameters; the type is that of PostgreSQL, or {@code json}. What several
 * queries have in common begins with a line {@code -- part: name} and stands in them as a line {@code -- include: name}.
 */
public final class QueryFile {

    private static final Pattern SECTION = Pattern.compile("(?m)^-- (query|part): (\\w+)$");
    private static final Pattern INCLUDE = Pattern.compile("(?m)^-- include: (\\w+)$");
    private static final Pattern PARAMETER = Pattern.compile("(?m)^-- parameter: (\\w+) (\\S+)$\\n?");

    private final String resource;
    private final Map<String, Query> queries = new HashMap<>();

    private QueryFile(String resource) {
        this.resource = resource;
    }

    /**
     * Reads a resource that stands beside a class.
     *
     * @throws IllegalStateException when there is no such resource
     */
    public static QueryFile beside(Class<?> owner, String resource) {
        QueryFile file = new QueryFile(resource);
        String text = read(owner, resource);
        Map<String, String> parts = new HashMap<>();
        Map<String, String> sections = new HashMap<>();
        Matcher matcher = SECTION.matcher(text);
        boolean found = matcher.find();
        while (found) {
            Map<String, String> kind = matcher.group(1).equals("part") ? parts : sections;
            String name = matcher.group(2);
            int start = matcher.end();
            found = matcher.find();
            kind.put(name, text.substring(start, found ? matcher.start() : text.length()));
        }
        sections.forEach((name, section) -> file.queries.put(name, query(name, file.whole(section, parts))));
        return file;
    }

    /**
     * The query of a name.
     *
     * @throws IllegalStateException when the resource has none of that name
     */
    public Query query(String name) {
        Query query = queries.get(name);
        if (query == null) {
            throw new IllegalStateException("No query " + name + " in " + resource);
        }
        return query;
    }

    private String whole(String section, Map<String, String> parts) {
        return INCLUDE.matcher(section).replaceAll(include -> {
            String part = parts.get(include.group(1));
            if (part == null) {
                throw new IllegalStateException("No part " + include.group(1) + " in " + resource);
            }
            return Matcher.quoteReplacement(part.strip());
        });
    }

    private static Query query(String name, String section) {
        Query.Builder query = Query.named(name);
        Matcher parameters = PARAMETER.matcher(section);
        while (parameters.find()) {
            query.parameter(parameters.group(1), type(parameters.group(2)));
        }
        return query.sql(PARAMETER.matcher(section).replaceAll("").strip());
    }

    private static ParameterType type(String name) {
        for (ParameterType type : ParameterType.values()) {
            if (type.sqlName().equals(name)
                    || type.name().toLowerCase(Locale.ROOT).equals(name)) {
                return type;
            }
        }
        throw new IllegalStateException("No parameter type " + name);
    }

    private static String read(Class<?> owner, String resource) {
        try (InputStream stream = owner.getResourceAsStream(resource)) {
            if (stream == null) {
                throw new IllegalStateException("The resource " + resource + " is missing beside " + owner.getName());
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("The resource " + resource + " cannot be read", e);
        }
    }
}
