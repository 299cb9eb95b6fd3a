package io.procrastinate;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.job.JobManager;
import io.procrastinate.schema.SchemaManager;
import io.procrastinate.task.JobDeferrer;
import io.procrastinate.task.Task;
import io.procrastinate.task.TaskRegistry;
import io.procrastinate.worker.Worker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Calls that wait for the database have a form that returns a stage, or say why not. */
class TwinsTest {

    /** Methods that only read or copy the object, or only request something. */
    private static final Map<Class<?>, Set<String>> WAITS_FOR_NOTHING = Map.of(
            App.class,
            Set.of(
                    "task",
                    "addTasks",
                    "addTasksFrom",
                    "addAlias",
                    "configureTask",
                    "externalTask",
                    "tasks",
                    "jobManager",
                    "schemaManager",
                    "connector",
                    "replaceConnector",
                    "workerDefaults"),
            JobManager.class,
            Set.of("on"),
            SchemaManager.class,
            Set.of("sql", "optimizeSql", "deoptimizeSql"),
            JobDeferrer.class,
            Set.of("queue", "priority", "lock", "queueingLock", "at", "in", "on", "job"),
            Task.class,
            Set.of(
                    "name",
                    "named",
                    "aliases",
                    "queue",
                    "priority",
                    "lock",
                    "queueingLock",
                    "retryStrategy",
                    "timeout",
                    "storesResult",
                    "periodics",
                    "configure",
                    "toString"),
            TaskRegistry.class,
            Set.of("named", "configure", "external", "job", "json", "readJson"),
            Worker.class,
            Set.of(
                    "name",
                    "start",
                    "ended",
                    "failure",
                    "health",
                    "isHealthy",
                    "stop",
                    "stopWithin",
                    "waitsForThisThread"));

    /** Methods without a form that returns a stage; their documentation says why. */
    private static final Map<Class<?>, Set<String>> WAITS_BY_NATURE = Map.of(
            App.class, Set.of("worker", "runWorker", "drain"),
            JobManager.class, Set.of("deferPeriodic"),
            Task.class, Set.of("run"),
            Worker.class, Set.of("run", "close", "awaitEnd"));

    static Stream<Arguments> calls() {
        return WAITS_FOR_NOTHING.keySet().stream()
                .flatMap(type -> Arrays.stream(type.getDeclaredMethods()))
                .filter(method -> Modifier.isPublic(method.getModifiers()))
                .filter(method -> !Modifier.isStatic(method.getModifiers()) && !method.isSynthetic())
                .map(method -> Arguments.of(method.getDeclaringClass(), method.getName(), method));
    }

    @ParameterizedTest(name = "{0}.{1}")
    @MethodSource("calls")
    void everyCallThatWaitsHasAnAsynchronousForm(Class<?> type, String name, Method call) {
        if (named(WAITS_FOR_NOTHING, call)) {
            return;
        }
        if (named(WAITS_BY_NATURE, call)) {
            assertThat(comments(type, name))
                    .as("the comments of %s", call)
                    .anyMatch(text -> text.contains("no asynchronous form"));
            return;
        }
        boolean asynchronous = name.endsWith("Async");
        Method twin = twin(type, asynchronous ? name.substring(0, name.length() - 5) : name + "Async", call);
        Method stage = asynchronous ? call : twin;
        Method blocking = asynchronous ? twin : call;
        assertThat(stage.getReturnType()).isEqualTo(CompletionStage.class);
        Type later = ((ParameterizedType) stage.getGenericReturnType()).getActualTypeArguments()[0];
        assertThat(boxed(blocking.getGenericReturnType())).isEqualTo(later.getTypeName());
    }

    @Test
    void nothingIsExcusedThatIsNotThere() {
        Stream.of(WAITS_FOR_NOTHING, WAITS_BY_NATURE)
                .flatMap(excused -> excused.entrySet().stream())
                .forEach(excused -> assertThat(excused.getKey().getDeclaredMethods())
                        .extracting(Method::getName)
                        .containsAll(excused.getValue()));
    }

    private static boolean named(Map<Class<?>, Set<String>> names, Method call) {
        return names.getOrDefault(call.getDeclaringClass(), Set.of()).contains(call.getName());
    }

    private static Method twin(Class<?> type, String name, Method call) {
        try {
            return type.getMethod(name, call.getParameterTypes());
        } catch (NoSuchMethodException e) {
            throw new AssertionError(call + " has no twin " + name + " with the same parameters", e);
        }
    }

    private static String boxed(Type type) {
        return Map.of("long", "java.lang.Long", "boolean", "java.lang.Boolean", "void", "java.lang.Void")
                .getOrDefault(type.getTypeName(), type.getTypeName());
    }

    private static List<String> comments(Class<?> type, String name) {
        Matcher matcher = Pattern.compile(
                        "/\\*\\*((?:(?!\\*/).)*)\\*/\\s*(?:@\\w+\\s+)*public [^;{=]*\\b" + name + "\\(", Pattern.DOTALL)
                .matcher(source(type));
        return matcher.results()
                .map(found -> found.group(1).replaceAll("\\s*\\n\\s*\\*\\s*", " "))
                .toList();
    }

    private static String source(Class<?> type) {
        try {
            return Files.readString(Path.of("src/main/java", type.getName().replace('.', '/') + ".java"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
