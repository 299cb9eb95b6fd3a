package io.procrastinate.spring;

import io.procrastinate.App;
import io.procrastinate.task.ProcrastinateTask;
import io.procrastinate.task.Task;
import java.io.Serializable;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.framework.autoproxy.AutoProxyUtils;
import org.springframework.aop.scope.ScopedProxyUtils;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.core.MethodIntrospector;
import org.springframework.core.annotation.AnnotationUtils;
import org.springframework.core.annotation.MergedAnnotation;
import org.springframework.core.annotation.MergedAnnotations;
import org.springframework.util.ReflectionUtils;

/**
 * Finds the annotated methods of all beans, and declares them as tasks. They are looked for on the class behind a
 * proxy, and called through it; the bean is asked for at each call, so it may be lazy, or a new one each time.
 * Thread-safe.
 */
final class TaskBeans implements SmartInitializingSingleton {

    private final App app;
    private final ConfigurableListableBeanFactory beans;
    private final List<Found> found = new CopyOnWriteArrayList<>();

    /** One entry for each place in the application's code; ends with the context, as its classes may. */
    private final Map<Class<?>, Found> references = new ConcurrentHashMap<>();

    TaskBeans(App app, ConfigurableListableBeanFactory beans) {
        this.app = app;
        this.beans = beans;
    }

    /** A task of a bean. */
    record Found(Class<?> type, Method method, Task<Map<String, @Nullable Object>> task) {}

    @Override
    public void afterSingletonsInstantiated() {
        for (String name : beans.getBeanNamesForType(Object.class, true, false)) {
            if (!ScopedProxyUtils.isScopedTarget(name)) {
                Class<?> type = AutoProxyUtils.determineTargetClass(beans, name);
                if (type != null && AnnotationUtils.isCandidateClass(type, ProcrastinateTask.class)) {
                    methods(type).forEach(method -> add(name, type, method));
                }
            }
        }
        // Those that beans declare with the app's builder, lazy beans included, are there before a worker starts.
        beans.getBeansOfType(Task.class);
    }

    /** The methods as they are annotated, on the class, a class above it, or an interface. */
    static Set<Method> methods(Class<?> type) {
        return Set.copyOf(MethodIntrospector.selectMethods(
                        type, (MethodIntrospector.MetadataLookup<@Nullable Method>) TaskBeans::annotated)
                .values());
    }

    private static @Nullable Method annotated(Method method) {
        MergedAnnotation<ProcrastinateTask> annotation = MergedAnnotations.from(
                        method, MergedAnnotations.SearchStrategy.TYPE_HIERARCHY)
                .get(ProcrastinateTask.class);
        return annotation.isPresent() && annotation.getSource() instanceof Method source ? source : null;
    }

    private void add(String name, Class<?> type, Method method) {
        Map<Class<?>, Method> invocable = new ConcurrentHashMap<>();
        if (beans.containsSingleton(name)) {
            Object bean = beans.getBean(name);
            invocable.put(bean.getClass(), invocable(method, bean));
        }
        Task<Map<String, @Nullable Object>> task = app.tasks()
                .addTask(
                        method,
                        args -> {
                            Object bean = beans.getBean(name);
                            return invocable
                                    .computeIfAbsent(bean.getClass(), each -> invocable(method, bean))
                                    .invoke(bean, args);
                        },
                        this::resolved);
        found.add(new Found(type, method, task));
    }

    /** @throws IllegalStateException if a call would not reach the bean behind a proxy */
    private static Method invocable(Method method, Object bean) {
        Method selected = AopUtils.selectInvocableMethod(method, bean.getClass());
        if (AopUtils.isCglibProxy(bean) && Modifier.isFinal(selected.getModifiers())) {
            throw new IllegalStateException("The task " + method
                    + " is final, and its bean is behind a proxy: the call would not reach the bean. Make the method"
                    + " not final.");
        }
        ReflectionUtils.makeAccessible(selected);
        return selected;
    }

    private String resolved(String text) {
        String value = beans.resolveEmbeddedValue(text);
        return value == null ? "" : value;
    }

    /**
     * The task of the method that a reference names.
     *
     * @throws IllegalArgumentException if it names none, or the methods of several beans
     */
    Found of(Serializable reference) {
        return references.computeIfAbsent(reference.getClass(), each -> {
            MethodReference named = MethodReference.of(reference);
            return of(named.type(), named.method());
        });
    }

    private Found of(Class<?> type, Method method) {
        List<Found> matching = found.stream()
                .filter(each -> type.isAssignableFrom(each.type())
                        && each.method().getName().equals(method.getName())
                        && List.of(each.method().getParameterTypes()).equals(List.of(method.getParameterTypes())))
                .toList();
        if (matching.size() == 1) {
            return matching.get(0);
        }
        throw new IllegalArgumentException(
                matching.isEmpty()
                        ? "The method " + method + " is not a task: annotate it with @ProcrastinateTask, and make its"
                                + " class a bean. Tasks found: "
                                + found.stream().map(each -> each.task().name()).toList()
                        : "The method " + method + " is a task of several beans: "
                                + matching.stream()
                                        .map(each -> each.task().name())
                                        .toList()
                                + ". Defer by name: app.configureTask(name).");
    }
}
