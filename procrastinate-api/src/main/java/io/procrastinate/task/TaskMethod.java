package io.procrastinate.task;

import io.procrastinate.json.JsonCodec;
import io.procrastinate.text.Printable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A method that is a task: its parameters are the job's arguments, by name.
 *
 * @param method the method
 * @param call calls it
 * @param slots its parameters
 * @param scheduled whether its jobs may have an argument {@code timestamp} for which it has no parameter
 */
record TaskMethod(Method method, MethodCall call, List<Slot> slots, boolean scheduled)
        implements TaskBody<Map<String, @Nullable Object>> {

    static List<Task<Map<String, @Nullable Object>>> tasks(Object object, Type map, UnaryOperator<String> values) {
        return AnnotatedMethods.of(object).stream()
                .map(method -> {
                    method.setAccessible(true);
                    return task(method, args -> method.invoke(object, args), map, values);
                })
                .toList();
    }

    static Task<Map<String, @Nullable Object>> task(
            Method method, MethodCall call, Type map, UnaryOperator<String> values) {
        List<Slot> slots = Arrays.stream(method.getParameters()).map(Slot::of).toList();
        Declaration declared = Declaration.of(method, values);
        return new Task<>(
                declared.name(), map, declared.options(), new TaskMethod(method, call, slots, declared.scheduled()));
    }

    /**
     * Names values in the order of the parameters; those of contexts have none.
     *
     * @throws IllegalArgumentException if there are more or fewer
     */
    Map<String, @Nullable Object> named(@Nullable Object... given) {
        List<String> names =
                slots.stream().flatMap(slot -> Stream.ofNullable(slot.name())).toList();
        if (names.size() != given.length) {
            throw new IllegalArgumentException("The method " + method + " has the arguments " + names + ", given were "
                    + given.length + " values");
        }
        Map<String, @Nullable Object> named = new LinkedHashMap<>();
        for (int index = 0; index < given.length; index++) {
            named.put(names.get(index), given[index]);
        }
        return named;
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
            return call.call(values);
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
