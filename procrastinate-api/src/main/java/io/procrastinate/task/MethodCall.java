package io.procrastinate.task;

import org.jspecify.annotations.Nullable;

/**
 * Calls a method that is a task, for {@link Blueprint#addTask}: so a framework finds the object at each call, such as a
 * bean of its own, and calls it through the object's proxy. Must be thread-safe.
 */
@FunctionalInterface
public interface MethodCall {

    /**
     * Calls the method.
     *
     * @param arguments the values of its parameters, in their order
     * @return the method's result, null if it has none
     * @throws Exception if the method fails; of an {@link java.lang.reflect.InvocationTargetException}, the cause counts
     */
    @Nullable
    Object call(@Nullable Object[] arguments) throws Exception;
}
