package io.procrastinate.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.retry.RetryStrategy;
import io.procrastinate.task.JobDeferrer;
import io.procrastinate.task.Periodic;
import io.procrastinate.task.ProcrastinateTask;
import io.procrastinate.task.TaskBuilder;
import io.procrastinate.worker.WorkerOptions;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The reference has a line for every option in the code, with its default, and no others. */
class ReferenceTest {

    private static final String REFERENCE = Documents.read("docs/reference.md");
    private static final Pattern SETTING_NAME =
            Pattern.compile("\"(PG[A-Z_]*[A-Z]|PROCRASTINATE_[A-Z_]*[A-Z]|procrastinate\\.[a-z.]+[a-z])\"");

    static Stream<Arguments> sections() {
        return Stream.of(
                Arguments.of("## App options", App.Builder.class, App.Builder.class),
                Arguments.of(
                        "## Connection settings", ConnectorSettings.Builder.class, ConnectorSettings.Builder.class),
                Arguments.of("## Task options", TaskBuilder.class, TaskBuilder.class),
                Arguments.of("## Deferral options", JobDeferrer.class, JobDeferrer.class),
                Arguments.of("## Periodic options", Periodic.class, Periodic.class),
                Arguments.of("## Retry options", RetryStrategy.Builder.class, RetryStrategy.Builder.class),
                Arguments.of("## Worker options", WorkerOptions.Builder.class, WorkerOptions.Builder.class));
    }

    @ParameterizedTest
    @MethodSource("sections")
    void hasALineForEveryOption(String section, Class<?> options, Class<?> answered) {
        Set<String> inTheCode = Arrays.stream(options.getDeclaredMethods())
                .filter(method -> Modifier.isPublic(method.getModifiers()) && !Modifier.isStatic(method.getModifiers()))
                .filter(method -> method.getReturnType() == answered && method.getParameterCount() > 0)
                .map(Method::getName)
                .collect(Collectors.toCollection(TreeSet::new));

        assertThat(rows(section).keySet()).isEqualTo(inTheCode);
    }

    @Test
    void hasALineForEveryElementOfTheAnnotation() {
        assertThat(rows("## Annotation").keySet())
                .containsExactlyInAnyOrderElementsOf(Arrays.stream(ProcrastinateTask.class.getDeclaredMethods())
                        .map(Method::getName)
                        .toList());
    }

    @Test
    void tellsTheDefaultsOfAWorker() {
        assertThat(defaults("## Worker options"))
                .containsAllEntriesOf(values(WorkerOptions.defaults(), WorkerOptions.Builder.class, name -> true));
    }

    @Test
    void tellsTheDefaultsOfAConnection() {
        Set<String> fromTheEnvironment =
                Set.of("host", "port", "database", "user", "password", "sslMode", "applicationName", "connectTimeout");

        assertThat(defaults("## Connection settings"))
                .containsAllEntriesOf(values(
                        ConnectorSettings.fromEnvironment(),
                        ConnectorSettings.Builder.class,
                        name -> !fromTheEnvironment.contains(name)));
    }

    /**
     * The connectors' kit has a README of its own; with Micrometer, OpenTelemetry and Spring Boot, names are those of
     * meters, keys and Spring's properties.
     */
    @Test
    void hasALineForEveryPropertyAndVariable() {
        Set<String> inTheCode = Documents.files(
                        "(procrastinate-(?!micrometer|opentelemetry|spring)|connector-|testing/).*/?src/main/java/.*\\.java")
                .stream()
                .flatMap(source -> SETTING_NAME.matcher(Documents.read(source)).results())
                .map(found -> found.group(1))
                // A parameter of pgjdbc's URLs.
                .filter(name -> !name.equals("PGDBNAME"))
                .collect(Collectors.toCollection(TreeSet::new));

        assertThat(rows("## System properties and environment variables").keySet())
                .isEqualTo(inTheCode);
    }

    private static Map<String, String> defaults(String section) {
        return rows(section).entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, row -> row.getValue().get(1)));
    }

    private static Map<String, List<String>> rows(String section) {
        return Documents.rows(Documents.section(REFERENCE, section)).stream()
                .collect(Collectors.toMap(
                        row -> row.get(0).replace("`", ""), Function.identity(), (one, other) -> one, TreeMap::new));
    }

    /** What an options object says of each option that its builder can set. */
    private static Map<String, String> values(Object options, Class<?> builder, Predicate<String> wanted) {
        Set<String> settable =
                Arrays.stream(builder.getMethods()).map(Method::getName).collect(Collectors.toSet());
        return Arrays.stream(options.getClass().getMethods())
                .filter(method -> method.getParameterCount() == 0 && settable.contains(method.getName()))
                .filter(method -> method.getDeclaringClass() == options.getClass() && wanted.test(method.getName()))
                .filter(method -> !Modifier.isStatic(method.getModifiers()))
                .filter(method -> !Set.of("toString", "hashCode").contains(method.getName()))
                .collect(Collectors.toMap(Method::getName, method -> text(value(options, method))));
    }

    private static Object value(Object options, Method accessor) {
        try {
            Object value = accessor.invoke(options);
            return value == null ? "none" : value;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String text(Object value) {
        if (value instanceof Duration duration) {
            return duration.toSeconds() % 60 == 0 ? duration.toMinutes() + " min" : duration.toSeconds() + " s";
        }
        if (value instanceof Collection<?> || value instanceof Map<?, ?>) {
            return "none";
        }
        return value instanceof Enum<?> constant
                ? constant.name()
                : String.valueOf(value).toLowerCase(Locale.ROOT);
    }
}
