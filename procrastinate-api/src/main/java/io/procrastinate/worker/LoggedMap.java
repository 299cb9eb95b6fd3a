package io.procrastinate.worker;

import java.util.AbstractMap;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The value of a key of log events, made when somebody reads it: the layouts of most applications print the text of a
 * line alone. Cannot be changed; thread-safe, as lines may be written later, by other threads.
 */
abstract class LoggedMap extends AbstractMap<String, @Nullable Object> {

    private volatile @Nullable Map<String, @Nullable Object> made;

    /** Makes the entries: whenever that is, the same ones. */
    abstract Map<String, @Nullable Object> make();

    @Override
    public final Set<Entry<String, @Nullable Object>> entrySet() {
        Map<String, @Nullable Object> entries = made;
        if (entries == null) {
            entries = Collections.unmodifiableMap(make());
            made = entries;
        }
        return entries.entrySet();
    }
}
