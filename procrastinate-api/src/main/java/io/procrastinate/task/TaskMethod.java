package io.procrastinate.task;

import io.procrastinate.exception.InvalidJobException;
import io.procrastinate.json.JsonCodec;
import io.procrastinate.retry.RetryStrategy;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A method that is a task: its parameters are the job's arguments by name. */
record TaskMethod(Object object, Method method, List<Slot> slots) implements TaskBody<Map<String, @Nullable Object>> {

    static List<Task<Map<String, @Nullable Object>>> tasks(Object object, Type map) {
        List<Task<Map<String, @Nullable Object>>> tasks = annotated(object.getClass())
                .sorted(Comparator.comparing(Method::getName))
                .map(method -> task(object, method, map))
                .toList();
        if (tasks.isEmpty()) {
            throw new IllegalArgumentException(
                    "The class " + object.getClass().getName() + " has no method annotated with @ProcrastinateTask");
        }
        return tasks;
    }

    /** The annotated methods, inherited ones too: a framework may have put a subclass of its own before the application's. */
    private static Stream<Method> annotated(Class<?> type) {
        Map<String, Method> bySignature = new LinkedHashMap<>();
        for (Class<?> declaring = type; declaring != null; declaring = declaring.getSuperclass()) {
            for (Method method : declaring.getDeclaredMethods()) {
                // The compiler's bridges of generic methods carry the annotation too.
                if (method.isAnnotationPresent(ProcrastinateTask.class) && !method.isBridge()) {
                    bySignature.putIfAbsent(method.getName() + Arrays.toString(method.getParameterTypes()), method);
                }
            }
        }
        return bySignature.values().stream();
    }

    private static Task<Map<String, @Nullable Object>> task(Object object, Method method, Type map) {
        ProcrastinateTask declared = method.getAnnotation(ProcrastinateTask.class);
        method.setAccessible(true);
        String name = declared.name().isEmpty()
                ? className(method.getDeclaringClass()) + "." + method.getName()
                : declared.name();
        TaskOptions options = new TaskOptions(
                List.of(declared.aliases()),
                declared.queue(),
                declared.priority(),
                declared.lock().isEmpty() ? null : declared.lock(),
                declared.queueingLock().isEmpty() ? null : declared.queueingLock(),
                retryStrategy(declared.retries()),
                declared.cron().isEmpty() ? List.of() : List.of(Periodic.cron(declared.cron())),
                List.of(),
                null);
        List<Slot> slots = Arrays.stream(method.getParameters()).map(Slot::of).toList();
        return new Task<>(name, map, options, new TaskMethod(object, method, slots));
    }

    /** Local classes have no canonical name. */
    private static String className(Class<?> type) {
        String canonical = type.getCanonicalName();
        return canonical == null ? type.getName() : canonical;
    }

    private static RetryStrategy retryStrategy(int retries) {
        if (retries == 0) {
            return RetryStrategy.never();
        }
        return retries == -1 ? RetryStrategy.forever() : RetryStrategy.times(retries);
    }

    /** What the parameters take. */
    ArgumentTypes types(Type map) {
        Map<String, Type> byName = new LinkedHashMap<>();
        for (Slot slot : slots) {
            if (slot.name() != null) {
                byName.put(slot.name(), slot.type());
            }
        }
        return new ArgumentTypes(map, byName);
    }

    @Override
    public @Nullable Object run(JobContext context, Map<String, @Nullable Object> args) throws Exception {
        Map<String, @Nullable Object> left = new LinkedHashMap<>(args);
        @Nullable Object[] values = new Object[slots.size()];
        for (int index = 0; index < values.length; index++) {
            values[index] = slots.get(index).take(context, left);
        }
        if (!left.isEmpty()) {
            throw new InvalidJobException(
                    "The method " + method + " has no parameters for the arguments " + left.keySet());
        }
        try {
            return method.invoke(object, values);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof Exception failure) {
                throw failure;
            }
            if (e.getCause() instanceof Error failure) {
                throw failure;
            }
            throw e;
        }
    }

    /** A parameter: the context where it has no name, else the argument of its name. */
    record Slot(@Nullable String name, Type type, boolean primitive) {

        static Slot of(Parameter parameter) {
            if (parameter.getType() == JobContext.class) {
                return new Slot(null, JobContext.class, false);
            }
            Argument named = parameter.getAnnotation(Argument.class);
            if (named == null && !parameter.isNamePresent()) {
                throw new IllegalArgumentException("The parameters of " + parameter.getDeclaringExecutable()
                        + " have no names. Compile with -parameters, or annotate them with @Argument.");
            }
            return new Slot(
                    named == null ? parameter.getName() : named.value(),
                    parameter.getParameterizedType(),
                    parameter.getType().isPrimitive());
        }

        @Nullable
        Object take(JobContext context, Map<String, @Nullable Object> args) {
            if (name == null) {
                return context;
            }
            boolean present = args.containsKey(name);
            Object value = args.remove(name);
            if (value == null && (primitive || !present)) {
                throw new InvalidJobException("The argument " + name + " is " + (present ? "null" : "missing"));
            }
            JsonCodec codec = context.tasks().codec();
            try {
                // Null too: it may stand for something, such as an empty Optional.
                return value == null ? codec.read("null", type) : codec.convert(value, type);
            } catch (IllegalArgumentException e) {
                throw new InvalidJobException("The argument " + name + " does not fit: " + e.getMessage(), e);
            }
        }
    }
}
