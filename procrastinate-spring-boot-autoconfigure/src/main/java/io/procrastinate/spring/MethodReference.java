package io.procrastinate.spring;

import java.io.Serializable;
import java.lang.invoke.MethodType;
import java.lang.invoke.SerializedLambda;
import java.lang.reflect.Method;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;

/**
 * The method that a reference such as {@code OrderTasks::confirm} names.
 *
 * @param type the class before the colons
 */
record MethodReference(Class<?> type, Method method) {

    /** @throws IllegalArgumentException if it is a lambda, not a reference to a method of a class */
    static MethodReference of(Serializable reference) {
        try {
            Method replace = reference.getClass().getDeclaredMethod("writeReplace");
            replace.setAccessible(true);
            SerializedLambda lambda = (SerializedLambda) replace.invoke(reference);
            ClassLoader loader = reference.getClass().getClassLoader();
            Class<?> type = ClassUtils.forName(lambda.getImplClass().replace('/', '.'), loader);
            MethodType signature = MethodType.fromMethodDescriptorString(lambda.getImplMethodSignature(), loader);
            Method method = ReflectionUtils.findMethod(type, lambda.getImplMethodName(), signature.parameterArray());
            if (method != null && !method.isSynthetic()) {
                return new MethodReference(type, method);
            }
        } catch (ReflectiveOperationException | ClassCastException e) {
            throw new IllegalArgumentException(notOne(reference), e);
        }
        throw new IllegalArgumentException(notOne(reference));
    }

    private static String notOne(Serializable reference) {
        return "Deferring takes a reference to the method of a task, such as OrderTasks::confirm, and its arguments; it"
                + " was given a lambda or another object, "
                + reference.getClass().getName()
                + ", of which it cannot tell the method";
    }
}
