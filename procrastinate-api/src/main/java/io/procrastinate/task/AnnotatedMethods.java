package io.procrastinate.task;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Finds the methods of an object that are annotated with {@link ProcrastinateTask}: those of its class, of the classes
 * above, and of its interfaces. A framework may have put a proxy in front of the application's class: a subclass,
 * through which the methods are called, or a class that only has the application's interfaces.
 */
final class AnnotatedMethods {

    /** An interface of each of Spring's proxies. */
    private static final String SPRING_PROXY = "org.springframework.aop.SpringProxy";

    private AnnotatedMethods() {}

    /** The methods in the order of their names. */
    static List<Method> of(Object object) {
        Class<?> type = object.getClass();
        Map<String, Method> bySignature = new LinkedHashMap<>();
        withSupertypes(type).forEach(declaring -> {
            for (Method method : declaring.getDeclaredMethods()) {
                // The compiler's bridges of generic methods have the annotation too.
                if (method.isAnnotationPresent(ProcrastinateTask.class) && !method.isBridge()) {
                    bySignature.putIfAbsent(method.getName() + Arrays.toString(method.getParameterTypes()), method);
                }
            }
        });
        if (bySignature.isEmpty()) {
            throw new IllegalArgumentException(none(object));
        }
        bySignature.values().forEach(method -> requireReachesBean(type, method));
        return bySignature.values().stream()
                .sorted(Comparator.comparing(Method::getName))
                .toList();
    }

    /** A class, then its superclasses, and interfaces last. */
    private static Set<Class<?>> withSupertypes(Class<?> type) {
        Set<Class<?>> types = new LinkedHashSet<>();
        for (Class<?> each = type; each != null; each = each.getSuperclass()) {
            types.add(each);
        }
        List.copyOf(types).forEach(each -> addInterfaces(each, types));
        return types;
    }

    private static void addInterfaces(Class<?> type, Set<Class<?>> types) {
        for (Class<?> each : type.getInterfaces()) {
            if (types.add(each)) {
                addInterfaces(each, types);
            }
        }
    }

    private static String none(Object object) {
        if (object instanceof Class<?> type) {
            return "addTasks was given the class " + type.getName() + " itself: give it an object of the class";
        }
        Class<?> type = object.getClass();
        if (!Proxy.isProxyClass(type)) {
            return "The class " + type.getName() + " has no method annotated with @ProcrastinateTask";
        }
        return "The object is a proxy, " + type.getName() + ", that has only the methods of the interfaces "
                + Stream.of(type.getInterfaces()).map(Class::getName).collect(Collectors.joining(", ", "[", "]"))
                + ", none of which is annotated with @ProcrastinateTask; those of the class behind it are invisible."
                + " Annotate the interface's methods, let the framework create proxies of the class (in"
                + " Spring: proxyTargetClass = true), or give addTasks the object behind the proxy, without"
                + " the proxy's features such as transactions.";
    }

    /** A method that a subclass cannot override would run on the proxy, which has none of the bean's fields. */
    private static void requireReachesBean(Class<?> type, Method method) {
        boolean overridden = (method.getModifiers() & (Modifier.PRIVATE | Modifier.FINAL)) == 0;
        boolean isStatic = Modifier.isStatic(method.getModifiers());
        if (!overridden && !isStatic && isSpringProxy(type)) {
            throw new IllegalArgumentException("The method " + method
                    + " is private or final, and the object is a proxy, "
                    + type.getName() + ": the call would not reach the object behind it. Make the method neither"
                    + " private nor final.");
        }
    }

    private static boolean isSpringProxy(Class<?> type) {
        return withSupertypes(type).stream().anyMatch(each -> each.getName().equals(SPRING_PROXY));
    }
}
