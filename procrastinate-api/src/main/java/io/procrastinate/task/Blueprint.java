package io.procrastinate.task;

import io.procrastinate.exception.TaskAlreadyRegisteredException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Declares tasks that are added to an app later: a library of tasks that does not know its app. Tasks cannot be
 * deferred before that. Thread-safe.
 */
public sealed class Blueprint permits TaskRegistry {

    private static final Type MAP = new MapOfArguments();

    private final Map<String, Task<?>> byName = new LinkedHashMap<>();
    private final Set<String> namespaces = new LinkedHashSet<>();

    /** Starts with no tasks. */
    public Blueprint() {}

    /**
     * Declares a task whose argument is of a class, usually a record.
     *
     * @param name the task's name in the database; the same in every program that shares the queue
     */
    public <A> TaskBuilder<A> task(String name, Class<A> argument) {
        return new TaskBuilder<>(this::register, name, argument);
    }

    /** Declares a task whose argument is a map: its jobs may have any arguments, or none. */
    public TaskBuilder<Map<String, @Nullable Object>> task(String name) {
        return new TaskBuilder<>(this::register, name, MAP);
    }

    /**
     * Declares the methods of an object that are annotated with {@link ProcrastinateTask}: those of its class, of the
     * classes above it, and of its interfaces. They are called through the object, which may be a proxy.
     *
     * @return the tasks, in the order of their names
     * @throws IllegalArgumentException if the object has no such method, or one cannot be a task
     * @throws io.procrastinate.exception.InvalidJobException if this belongs to an app, and the jobs of a schedule
     *     would not fit their task
     */
    public List<Task<Map<String, @Nullable Object>>> addTasks(Object object) {
        return addTasks(object, UnaryOperator.identity());
    }

    /**
     * Declares the annotated methods of an object, as {@link #addTasks(Object)}, whose annotations have placeholders.
     *
     * @param values returns what a text of an annotation stands for
     */
    public List<Task<Map<String, @Nullable Object>>> addTasks(Object object, UnaryOperator<String> values) {
        List<Task<Map<String, @Nullable Object>>> tasks = TaskMethod.tasks(object, MAP, values);
        registerAll(tasks);
        return tasks;
    }

    /**
     * Declares one method that is annotated with {@link ProcrastinateTask}, for frameworks, whose objects may be made
     * later, or anew for each call, and may be behind proxies.
     *
     * @param method the method as the application wrote it: its annotation and its parameters count
     * @param call calls it
     * @param values returns what a text of the annotation stands for
     * @throws IllegalArgumentException if the method cannot be a task
     * @throws io.procrastinate.exception.InvalidJobException if this belongs to an app, and the jobs of a schedule
     *     would not fit their task
     */
    public Task<Map<String, @Nullable Object>> addTask(Method method, MethodCall call, UnaryOperator<String> values) {
        return register(TaskMethod.task(method, call, MAP, values));
    }

    /**
     * Adds the tasks of a blueprint, with {@code namespace:} in front of their names and aliases.
     *
     * <p>If this fails, nothing is added.
     *
     * @throws TaskAlreadyRegisteredException if the namespace or one of the names is taken, or the blueprint has
     *     already been added to an app
     * @throws io.procrastinate.exception.InvalidJobException if this belongs to an app, and the jobs of a schedule
     *     could not be stored, for instance because of their arguments
     */
    public void addTasksFrom(Blueprint blueprint, String namespace) {
        Collection<Task<?>> added = blueprint.all();
        synchronized (byName) {
            if (namespaces.contains(namespace)) {
                throw new TaskAlreadyRegisteredException("A namespace named " + namespace + " was already registered");
            }
            added.forEach(task -> requireUnbound(task, namespace));
            requireAddable(added, name -> Task.below(namespace, name));
            namespaces.add(namespace);
            added.forEach(task -> task.rename(namespace));
            added.forEach(this::put);
        }
    }

    /**
     * Gives one of these tasks another name that its jobs may have in the database, such as a former one.
     *
     * @throws TaskAlreadyRegisteredException if the name is taken
     * @throws IllegalArgumentException if the task is not one of these
     */
    public void addAlias(Task<?> task, String alias) {
        synchronized (byName) {
            if (byName.get(task.name()) != task) {
                throw new IllegalArgumentException("The task " + task.name() + " is not registered here");
            }
            requireFree(alias, byName.keySet());
            task.addAlias(alias);
            byName.put(alias, task);
        }
    }

    private static void requireUnbound(Task<?> task, String namespace) {
        if (task.isBound()) {
            throw new TaskAlreadyRegisteredException("The task " + task.name()
                    + " already belongs to an app, it cannot be added below " + namespace
                    + " too: its jobs would be deferred to only one of the two. Create another blueprint.");
        }
    }

    private static void requireFree(String name, Set<String> taken) {
        if (taken.contains(name)) {
            throw new TaskAlreadyRegisteredException("A task named " + name + " was already registered");
        }
    }

    /** The tasks, in the order of their declaration. */
    public Collection<Task<?>> all() {
        synchronized (byName) {
            return List.copyOf(new LinkedHashSet<>(byName.values()));
        }
    }

    final @Nullable Task<?> find(String name) {
        synchronized (byName) {
            return byName.get(name);
        }
    }

    private <A> Task<A> register(Task<A> task) {
        registerAll(List.of(task));
        return task;
    }

    private void registerAll(Collection<? extends Task<?>> tasks) {
        synchronized (byName) {
            requireAddable(tasks, name -> name);
            tasks.forEach(this::put);
        }
    }

    private void requireAddable(Collection<? extends Task<?>> tasks, UnaryOperator<String> renamed) {
        Set<String> taken = new LinkedHashSet<>(byName.keySet());
        for (Task<?> task : tasks) {
            for (String name : names(task)) {
                requireFree(renamed.apply(name), taken);
                taken.add(renamed.apply(name));
            }
            requirePeriodics(task, renamed.apply(task.name()));
        }
    }

    private void put(Task<?> task) {
        names(task).forEach(name -> byName.put(name, task));
        added(task);
    }

    /**
     * Called for each task before it is added, with its name here.
     *
     * @throws io.procrastinate.exception.InvalidJobException if the jobs of its schedules could not be stored
     */
    void requirePeriodics(Task<?> task, String name) {
        // A blueprint has no codec to write arguments.
    }

    /** Called for each task that was added. */
    void added(Task<?> task) {
        // A blueprint only collects.
    }

    private static List<String> names(Task<?> task) {
        List<String> names = new ArrayList<>(task.aliases());
        names.add(0, task.name());
        return names;
    }

    /** The type {@code Map<String, Object>}. */
    private static final class MapOfArguments implements ParameterizedType {

        @Override
        public Type[] getActualTypeArguments() {
            return new Type[] {String.class, Object.class};
        }

        @Override
        public Type getRawType() {
            return Map.class;
        }

        @Override
        public @Nullable Type getOwnerType() {
            return null;
        }

        @Override
        public String toString() {
            return "Map<String, Object>";
        }
    }
}
