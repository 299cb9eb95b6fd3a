package io.procrastinate.tck;

import java.util.LinkedHashSet;
import java.util.Set;

/** The names of an object's class and of all that it extends and implements. */
final class Kinds {

    private Kinds() {}

    static Set<String> of(Object object) {
        Set<String> names = new LinkedHashSet<>();
        collect(object.getClass(), names);
        names.remove("Object");
        names.remove("AutoCloseable");
        names.remove("Closeable");
        return names;
    }

    private static void collect(Class<?> type, Set<String> names) {
        names.add(type.getSimpleName());
        for (Class<?> implemented : type.getInterfaces()) {
            collect(implemented, names);
        }
        if (type.getSuperclass() != null) {
            collect(type.getSuperclass(), names);
        }
    }
}
