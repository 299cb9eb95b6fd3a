package io.procrastinate.spring;

import io.procrastinate.App;
import io.procrastinate.task.JobContext;
import io.procrastinate.task.JobDeferrer;
import java.io.Serializable;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Defers jobs of the annotated methods of beans, by a reference to the method and its arguments, which the compiler
 * checks: {@code queue.defer(OrderTasks::confirm, order)}. For a parameter of the type {@link JobContext} pass null. A
 * deferral joins the transaction of its thread as {@code procrastinate.transactions.join} says. Thread-safe.
 *
 * <p>A method that is not a task, or whose name is overloaded with the same parameters in several beans, is refused
 * with an {@link IllegalArgumentException}; otherwise calls fail as those of {@link JobDeferrer}.
 */
public final class ProcrastinateTemplate {

    private final App app;
    private final TaskBeans tasks;
    private final UnaryOperator<JobDeferrer<Map<String, @Nullable Object>>> options;

    ProcrastinateTemplate(App app, TaskBeans tasks) {
        this(app, tasks, UnaryOperator.identity());
    }

    private ProcrastinateTemplate(
            App app, TaskBeans tasks, UnaryOperator<JobDeferrer<Map<String, @Nullable Object>>> options) {
        this.app = app;
        this.tasks = tasks;
        this.options = options;
    }

    /** The app, for everything else. */
    public App app() {
        return app;
    }

    /**
     * Returns a copy whose deferrals have further options:
     * {@code queue.with(job -> job.in(Duration.ofHours(1))).defer(OrderTasks::remind, order)}.
     */
    public ProcrastinateTemplate with(UnaryOperator<JobDeferrer<Map<String, @Nullable Object>>> further) {
        return new ProcrastinateTemplate(app, tasks, deferrer -> further.apply(options.apply(deferrer)));
    }

    /** Defers a job that calls a method with no arguments, and returns its id. */
    public <B> long defer(Call0<B> method) {
        return deferred(method);
    }

    /** Defers a job that calls a method with no arguments. */
    public <B> CompletionStage<Long> deferAsync(Call0<B> method) {
        return deferredAsync(method);
    }

    /** Defers a job that calls a method with 1 argument, and returns its id. */
    public <B, A extends @Nullable Object> long defer(Call1<B, A> method, A first) {
        return deferred(method, first);
    }

    /** Defers a job that calls a method with 1 argument. */
    public <B, A extends @Nullable Object> CompletionStage<Long> deferAsync(Call1<B, A> method, A first) {
        return deferredAsync(method, first);
    }

    /** Defers a job that calls a method with 2 arguments, and returns its id. */
    public <B, A extends @Nullable Object, C extends @Nullable Object> long defer(
            Call2<B, A, C> method, A first, C second) {
        return deferred(method, first, second);
    }

    /** Defers a job that calls a method with 2 arguments. */
    public <B, A extends @Nullable Object, C extends @Nullable Object> CompletionStage<Long> deferAsync(
            Call2<B, A, C> method, A first, C second) {
        return deferredAsync(method, first, second);
    }

    /** Defers a job that calls a method with 3 arguments, and returns its id. */
    public <B, A extends @Nullable Object, C extends @Nullable Object, D extends @Nullable Object> long defer(
            Call3<B, A, C, D> method, A first, C second, D third) {
        return deferred(method, first, second, third);
    }

    /** Defers a job that calls a method with 3 arguments. */
    public <B, A extends @Nullable Object, C extends @Nullable Object, D extends @Nullable Object>
            CompletionStage<Long> deferAsync(Call3<B, A, C, D> method, A first, C second, D third) {
        return deferredAsync(method, first, second, third);
    }

    /** Defers a job that calls a method with 4 arguments, and returns its id. */
    public <
                    B,
                    A extends @Nullable Object,
                    C extends @Nullable Object,
                    D extends @Nullable Object,
                    E extends @Nullable Object>
            long defer(Call4<B, A, C, D, E> method, A first, C second, D third, E fourth) {
        return deferred(method, first, second, third, fourth);
    }

    /** Defers a job that calls a method with 4 arguments. */
    public <
                    B,
                    A extends @Nullable Object,
                    C extends @Nullable Object,
                    D extends @Nullable Object,
                    E extends @Nullable Object>
            CompletionStage<Long> deferAsync(Call4<B, A, C, D, E> method, A first, C second, D third, E fourth) {
        return deferredAsync(method, first, second, third, fourth);
    }

    /** A method with no parameters, as {@code OrderTasks::confirm}. */
    @FunctionalInterface
    public interface Call0<B> extends Serializable {
        /** Is never called. */
        void call(B bean) throws Exception;
    }

    /** A method with 1 parameter, as {@code OrderTasks::confirm}. */
    @FunctionalInterface
    public interface Call1<B, A extends @Nullable Object> extends Serializable {
        /** Is never called. */
        void call(B bean, A first) throws Exception;
    }

    /** A method with 2 parameters, as {@code OrderTasks::confirm}. */
    @FunctionalInterface
    public interface Call2<B, A extends @Nullable Object, C extends @Nullable Object> extends Serializable {
        /** Is never called. */
        void call(B bean, A first, C second) throws Exception;
    }

    /** A method with 3 parameters, as {@code OrderTasks::confirm}. */
    @FunctionalInterface
    public interface Call3<B, A extends @Nullable Object, C extends @Nullable Object, D extends @Nullable Object>
            extends Serializable {
        /** Is never called. */
        void call(B bean, A first, C second, D third) throws Exception;
    }

    /** A method with 4 parameters, as {@code OrderTasks::confirm}. */
    @FunctionalInterface
    public interface Call4<
                    B,
                    A extends @Nullable Object,
                    C extends @Nullable Object,
                    D extends @Nullable Object,
                    E extends @Nullable Object>
            extends Serializable {
        /** Is never called. */
        void call(B bean, A first, C second, D third, E fourth) throws Exception;
    }

    private long deferred(Serializable reference, @Nullable Object... values) {
        TaskBeans.Found found = tasks.of(reference);
        return deferrer(found).defer(arguments(found, values));
    }

    private CompletionStage<Long> deferredAsync(Serializable reference, @Nullable Object... values) {
        try {
            TaskBeans.Found found = tasks.of(reference);
            return deferrer(found).deferAsync(arguments(found, values));
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private JobDeferrer<Map<String, @Nullable Object>> deferrer(TaskBeans.Found found) {
        return options.apply(found.task().configure());
    }

    private static Map<String, @Nullable Object> arguments(TaskBeans.Found found, @Nullable Object[] values) {
        Method method = found.method();
        List<@Nullable Object> named = new ArrayList<>();
        for (int index = 0; index < values.length; index++) {
            if (method.getParameterTypes()[index] != JobContext.class) {
                named.add(values[index]);
            }
        }
        return found.task().named(named.toArray());
    }
}
