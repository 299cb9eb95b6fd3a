package io.procrastinate.micrometer;

import io.procrastinate.task.Task;
import io.procrastinate.task.TaskRegistry;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Limits how many values a tag has: each is a time series of its own, and names come from the database, where anybody
 * may have written them. The first ones keep their names. Thread-safe.
 */
final class Names {

    /** Stands for all names beyond the limit. */
    static final String OTHER = "(other)";

    /** Stands for the tasks that the program does not have. */
    static final String UNKNOWN = "(unknown)";

    /** How many values a tag has at most, but for these two. */
    static final int MOST = 200;

    private final Set<String> known = ConcurrentHashMap.newKeySet();

    /** Returns the name of a task of the program, of which the given name may be an alias, or {@link #UNKNOWN}. */
    static String task(TaskRegistry tasks, String name) {
        return tasks.named(name).<String>map(Task::name).orElse(UNKNOWN);
    }

    /** Returns the name, or {@link #OTHER}. */
    String of(String name) {
        return known.contains(name) || add(name) ? name : OTHER;
    }

    private synchronized boolean add(String name) {
        return (known.size() < MOST && known.add(name)) || known.contains(name);
    }

    /** The names so far. */
    List<String> all() {
        return List.copyOf(known);
    }
}
