package io.procrastinate.task;

import io.procrastinate.json.JsonCodec;
import io.procrastinate.retry.RetryStrategy;
import io.procrastinate.text.Printable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A method that is a task: its parameters are the job's arguments, by name.
 *
 * @param object the object to call the method on
 * @param method the method
 * @param slots its parameters
 * @param scheduled whether its jobs may have an argument {@code timestamp} for which it has no parameter
 */
record TaskMethod(Object object, Method method, List<Slot> slots, boolean scheduled)
        implements TaskBody<Map<String, @Nullable Object>> {

    static List<Task<Map<String, @Nullable Object>>> tasks(Object object, Type map) {
        return AnnotatedMethods.of(object).stream()
                .map(method -> task(object, method, map))
                .toList();
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
                null,
                declared.storeResult());
        List<Slot> slots = Arrays.stream(method.getParameters()).map(Slot::of).toList();
        return new Task<>(
                name,
                map,
                options,
                new TaskMethod(object, method, slots, !declared.cron().isEmpty()));
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

    /** The types of the parameters. */
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
        @Nullable Object[] values = values(context.tasks().codec(), args);
        for (int index = 0; index < values.length; index++) {
            if (slots.get(index).name() == null) {
                values[index] = context;
            }
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

    /**
     * The values of the parameters, null if the context goes.
     *
     * @throws ArgumentMismatch if an argument is missing, of another type, or has no parameter
     */
    @Nullable
    Object[] values(JsonCodec codec, Map<?, ?> args) {
        Map<Object, @Nullable Object> left = new LinkedHashMap<>(args);
        @Nullable Object[] values = new Object[slots.size()];
        for (int index = 0; index < values.length; index++) {
            Slot slot = slots.get(index);
            if (slot.name() != null) {
                slot.requirePresent(args);
                values[index] = slot.value(codec, left.remove(slot.name()));
            }
        }
        if (scheduled) {
            left.remove(Periodic.TIMESTAMP);
        }
        if (!left.isEmpty()) {
            throw new ArgumentMismatch("The method " + method + " has no parameters for the arguments "
                    + Printable.text(left.keySet().toString()));
        }
        return values;
    }

    /** A parameter: the context if it has no name, else the argument of its name. */
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

        void requirePresent(Map<?, ?> args) {
            if (!args.containsKey(name)) {
                throw new ArgumentMismatch("The argument " + name + " is missing, found are "
                        + Printable.text(args.keySet().toString()));
            }
        }

        @Nullable
        Object value(JsonCodec codec, @Nullable Object given) {
            if (given == null && primitive) {
                throw new ArgumentMismatch("The argument " + name + " is null");
            }
            try {
                // Null too: it may mean something, such as an empty Optional.
                return given == null ? codec.read("null", type) : codec.convert(given, type);
            } catch (IllegalArgumentException e) {
                throw new ArgumentMismatch("The argument " + name + " does not fit: ", e.getMessage(), e);
            }
        }
    }
}
