package io.procrastinate.tck;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** The settings of a caller's connection, at the server and at the client, at one moment. */
final class CallerSettings {

    private static final String AT_THE_SERVER =
            "SELECT string_agg(name || '=' || setting, chr(10) ORDER BY name) FROM pg_settings"
                    + " WHERE source <> 'default' OR name IN ('statement_timeout', 'search_path')";

    private final Map<String, String> values = new TreeMap<>();

    private CallerSettings() {}

    static CallerSettings of(CallerConnection caller) {
        CallerSettings settings = new CallerSettings();
        settings.add(Objects.requireNonNull(caller.ask(AT_THE_SERVER)).split("\n"));
        settings.add(caller.clientSettings().split(", "));
        return settings;
    }

    private void add(String... assignments) {
        for (String assignment : assignments) {
            int end = assignment.indexOf('=');
            values.put(
                    end < 0 ? "client's settings" : assignment.substring(0, end),
                    end < 0 ? assignment : assignment.substring(end + 1));
        }
    }

    /** The differences to now, each as {@code name: before -> after}. */
    List<String> changes(CallerConnection caller) {
        CallerSettings now = of(caller);
        Set<String> names = new TreeSet<>(values.keySet());
        names.addAll(now.values.keySet());
        List<String> changes = new ArrayList<>();
        for (String name : names) {
            String before = values.getOrDefault(name, "not set");
            String after = now.values.getOrDefault(name, "not set");
            if (!before.equals(after)) {
                changes.add(name + ": " + before + " -> " + after);
            }
        }
        return changes;
    }
}
