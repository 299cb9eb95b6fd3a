package io.procrastinate.task;

import io.procrastinate.driver.Durations;
import io.procrastinate.retry.RetryStrategy;
import java.lang.reflect.Method;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the annotation of a method says.
 *
 * @param name the task's name
 * @param options its options
 * @param scheduled whether it may have, or have had, a schedule
 */
record Declaration(String name, TaskOptions options, boolean scheduled) {

    /** The cron expression of a schedule that is switched off. */
    private static final String OFF = "-";

    /** @throws IllegalArgumentException if a value cannot be understood; the message names method and value */
    static Declaration of(Method method, UnaryOperator<String> values) {
        ProcrastinateTask declared = method.getAnnotation(ProcrastinateTask.class);
        if (declared == null) {
            throw new IllegalArgumentException("The method " + method + " is not annotated with @ProcrastinateTask");
        }
        try {
            return new Reader(declared, values).read(method);
        } catch (IllegalArgumentException | DateTimeException e) {
            throw new IllegalArgumentException(
                    "The annotation @ProcrastinateTask of " + method + ": " + e.getMessage(), e);
        }
    }

    /** Reads an annotation. */
    private record Reader(ProcrastinateTask declared, UnaryOperator<String> values) {

        Declaration read(Method method) {
            String name = value(declared.name());
            TaskOptions options = new TaskOptions(
                    Stream.of(declared.aliases()).map(values).toList(),
                    value(declared.queue()),
                    declared.priority(),
                    orNull(declared.lock()),
                    orNull(declared.queueingLock()),
                    retryStrategy(),
                    periodics(),
                    List.of(),
                    timeout(),
                    declared.storeResult());
            return new Declaration(
                    name.isEmpty() ? className(method.getDeclaringClass()) + "." + method.getName() : name,
                    options,
                    !declared.cron().isEmpty());
        }

        private String value(String text) {
            return text.isEmpty() ? text : values.apply(text);
        }

        private @Nullable String orNull(String text) {
            String value = value(text);
            return value.isEmpty() ? null : value;
        }

        private List<Periodic> periodics() {
            String cron = value(declared.cron());
            if (declared.cron().isEmpty()
                    && !(declared.zone().isEmpty() && declared.periodicId().isEmpty())) {
                throw new IllegalArgumentException("zone and periodicId are those of a schedule, but cron is not set");
            }
            if (cron.isEmpty() || cron.equals(OFF)) {
                return List.of();
            }
            Periodic periodic = Periodic.cron(cron).id(value(declared.periodicId()));
            String zone = value(declared.zone());
            return List.of(zone.isEmpty() ? periodic : periodic.zone(ZoneId.of(zone)));
        }

        private @Nullable Duration timeout() {
            String text = value(declared.timeout());
            return text.isEmpty() ? null : Durations.positive("timeout", Durations.parse("timeout", text));
        }

        private RetryStrategy retryStrategy() {
            RetryStrategy.Builder retry = RetryStrategy.builder().on(List.of(declared.retryOn()));
            boolean waits = Stream.of(
                            set("retryWait", declared.retryWait(), retry::wait),
                            set("retryLinearWait", declared.retryLinearWait(), retry::linearWait),
                            set("retryExponentialWait", declared.retryExponentialWait(), retry::exponentialWait))
                    .anyMatch(isSet -> isSet);
            if (declared.retries() == 0) {
                if (waits || declared.retryOn().length > 0) {
                    throw new IllegalArgumentException(
                            "it says when a job is retried, but retries is 0: set how often, -1 for without limit");
                }
                return RetryStrategy.never();
            }
            return declared.retries() == -1
                    ? retry.build()
                    : retry.times(declared.retries()).build();
        }

        private boolean set(String what, String text, Consumer<Duration> setter) {
            String value = value(text);
            if (!value.isEmpty()) {
                setter.accept(Durations.parse(what, value));
            }
            return !value.isEmpty();
        }
    }

    /** Local classes have no canonical name. */
    private static String className(Class<?> type) {
        String canonical = type.getCanonicalName();
        return canonical == null ? type.getName() : canonical;
    }
}
