package io.procrastinate.task;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Makes a method a task when its object is given to {@link Blueprint#addTasks}. The parameters are the job's arguments,
 * by name, which requires the compiler option {@code -parameters} or {@link Argument} on each; one of type
 * {@link JobContext} gets the context instead. An argument that is missing, of another type, or without a parameter is
 * refused when a job is deferred, and fails the job immediately when it runs; but the {@code timestamp} of a
 * {@link #cron} job is dropped if there is no parameter for it. The result may be a
 * {@link java.util.concurrent.CompletionStage}.
 *
 * <p>Texts may have placeholders, such as {@code ${shop.report.cron:-}}, where the program that adds the object says
 * what they stand for: {@link Blueprint#addTasks(Object, java.util.function.UnaryOperator)}. Durations are texts: a
 * number with a unit ({@code ms}, {@code s}, {@code m}, {@code h}, {@code d}), such as {@code 5s}, or ISO 8601, such as
 * {@code PT5S}.
 */
@Documented
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
public @interface ProcrastinateTask {

    /** The task's name; unless set, the name of the class and the method: {@code com.acme.Mailer.send}. */
    String name() default "";

    /** Further names that jobs of this task may have in the database. */
    String[] aliases() default {};

    /** The queue of its jobs. */
    String queue() default Task.DEFAULT_QUEUE;

    /** The priority of its jobs. */
    int priority() default 0;

    /** The lock of its jobs; empty for none. */
    String lock() default "";

    /** The queueing lock of its jobs; empty for none. */
    String queueingLock() default "";

    /** When workers defer a job of the task: see {@link Periodic#cron}; empty, or {@code -}, for never. */
    String cron() default "";

    /** The time zone of {@link #cron}, such as {@code Europe/Paris}; UTC unless set. */
    String zone() default "";

    /** The id of the schedule: see {@link Periodic#id(String)}. */
    String periodicId() default "";

    /**
     * How often a failed job is retried; 0 for never, -1 for without limit. Immediately each time, unless a wait is set.
     */
    int retries() default 0;

    /** A constant wait before each retry, not negative: see {@link io.procrastinate.retry.RetryStrategy.Builder#wait}. */
    String retryWait() default "";

    /** By how much the wait grows: see {@link io.procrastinate.retry.RetryStrategy.Builder#linearWait}. */
    String retryLinearWait() default "";

    /**
     * The base of an exponential wait, {@code 2s} for 2, 4, 8 seconds: see
     * {@link io.procrastinate.retry.RetryStrategy.Builder#exponentialWait}.
     */
    String retryExponentialWait() default "";

    /** The classes of failures after which a job is retried; none for any. */
    Class<? extends Throwable>[] retryOn() default {};

    /** How long a run may take, positive; unlimited unless set: see {@link TaskBuilder#timeout}. */
    String timeout() default "";

    /** Whether what the method returns is stored in the job's row: see {@link TaskBuilder#storeResult}. */
    boolean storeResult() default false;
}
