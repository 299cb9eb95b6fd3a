package io.procrastinate.adapter;

import io.procrastinate.annotation.Internal;
import io.procrastinate.connector.ParameterType;
import io.procrastinate.connector.Query;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Queries in a {@code .sql} resource. Each begins with a line {@code -- query: name}, followed by a line {@code --
 * parameter: name type} for each of its parameters; the type is that of PostgreSQL, or {@code json}.
 *
 * <p>A part that several queries share begins with a line {@code -- part: name}; queries and other parts include it
 * with a line {@code -- include: name}. The query that includes a part may add one condition: the part has a line
 * {@code -- and} or {@code -- where} in its place, and the query says {@code -- include: name and: condition}; if it
 * does not, there is no condition.
 *
 * <p>At the top, {@code -- import: resource} imports the parts and bounds of another resource, and
 * {@code -- bound: name value} declares a number, or another word, which the queries write as {@code :name} and which
 * becomes part of their SQL.
 *
 * @hidden
 */
@Internal
public final class QueryFile {

    private static final Pattern SECTION = Pattern.compile("(?m)^-- (query|part): (\\w+)$");
    private static final Pattern IMPORT = Pattern.compile("(?m)^-- import: (\\S+)$");
    private static final Pattern BOUND = Pattern.compile("(?m)^-- bound: (\\w+) (\\w+)$");
    private static final Pattern DECLARATION = Pattern.compile("(?m)^-- (import|bound): .*\\n+");
    private static final Pattern INCLUDE = Pattern.compile("(?m)^-- include: (\\w+)(?: (and|where): (.+))?$");
    private static final Pattern CONDITION = Pattern.compile("(?m)^( *)-- (and|where)$\\n?");
    private static final Pattern PARAMETER = Pattern.compile("(?m)^-- parameter: (\\w+) (\\S+)$\\n?");
    private static final Pattern NAME = Pattern.compile("(?<!:):([a-z]\\w*)");

    private final String resource;
    private final String text;
    private final Map<String, String> parts = new HashMap<>();
    private final Map<String, String> bounds = new HashMap<>();
    private final Map<String, Query> queries = new HashMap<>();

    private QueryFile(Class<?> owner, String resource, Map<String, String> moreParts) {
        this.resource = resource;
        this.text = read(owner, resource);
        Stream<String> imported = IMPORT.matcher(text).results().map(found -> read(owner, found.group(1)));
        Stream.concat(imported, Stream.of(text)).forEach(source -> {
            parts.putAll(sections("part", source));
            BOUND.matcher(source).results().forEach(found -> bounds.put(found.group(1), found.group(2)));
        });
        parts.putAll(moreParts);
    }

    /**
     * Reads a resource from the package of a class.
     *
     * @throws IllegalStateException if the resource, one that it imports, or a part that it includes is missing
     */
    public static QueryFile beside(Class<?> owner, String resource) {
        QueryFile file = new QueryFile(owner, resource, Map.of());
        sections("query", file.text).forEach((name, section) -> file.queries.put(name, query(name, file.sql(section))));
        return file;
    }

    /**
     * Returns the text of a script, with the parts that it includes.
     *
     * @param moreParts parts by name, beside those that it imports
     * @throws IllegalStateException if the resource, one that it imports, or a part that it includes is missing
     */
    public static String script(Class<?> owner, String resource, Map<String, String> moreParts) {
        QueryFile file = new QueryFile(owner, resource, moreParts);
        return file.sql(DECLARATION.matcher(file.text).replaceAll(""));
    }

    /**
     * The query of a name.
     *
     * @throws IllegalStateException if the resource has none of that name
     */
    public Query query(String name) {
        Query query = queries.get(name);
        if (query == null) {
            throw new IllegalStateException("No query " + name + " in " + resource);
        }
        return query;
    }

    private String sql(String section) {
        return NAME.matcher(whole(section))
                .replaceAll(name -> Matcher.quoteReplacement(bounds.getOrDefault(name.group(1), name.group())));
    }

    private static Map<String, String> sections(String kind, String text) {
        Map<String, String> sections = new HashMap<>();
        Matcher matcher = SECTION.matcher(text);
        boolean found = matcher.find();
        while (found) {
            boolean wanted = matcher.group(1).equals(kind);
            String name = matcher.group(2);
            int start = matcher.end();
            found = matcher.find();
            if (wanted) {
                sections.put(name, text.substring(start, found ? matcher.start() : text.length()));
            }
        }
        return sections;
    }

    private String whole(String section) {
        return INCLUDE.matcher(section).replaceAll(include -> {
            String part = parts.get(include.group(1));
            if (part == null) {
                throw new IllegalStateException("No part " + include.group(1) + " in " + resource);
            }
            String conditioned = CONDITION.matcher(part).replaceAll(place -> condition(place, include));
            return Matcher.quoteReplacement(
                    whole(conditioned).replaceFirst("^\\n+", "").stripTrailing());
        });
    }

    /** The condition of a query in its place in a part. */
    private static String condition(MatchResult place, MatchResult include) {
        if (!place.group(2).equals(include.group(2))) {
            return "";
        }
        String keyword = place.group(2).toUpperCase(Locale.ROOT);
        return Matcher.quoteReplacement(place.group(1) + keyword + " " + include.group(3) + "\n");
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
