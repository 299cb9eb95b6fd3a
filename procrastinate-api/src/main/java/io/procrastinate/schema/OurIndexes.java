package io.procrastinate.schema;

import io.procrastinate.annotation.Internal;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The names of the indexes of our layout, in the order in which optimize.sql makes them: they are written only there.
 *
 * @hidden
 */
@Internal
public final class OurIndexes {

    private static final Pattern MADE = Pattern.compile("CREATE INDEX IF NOT EXISTS (\\w+)");

    private static final List<String> NAMES = MADE.matcher(Resources.text("optimize.sql"))
            .results()
            .map(made -> made.group(1))
            .toList();

    private OurIndexes() {}

    /** The names, without a schema. */
    public static List<String> names() {
        return NAMES;
    }
}
