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

    /** When workers defer a job of the task, in UTC: see {@link Periodic#cron}; empty for never. */
    String cron() default "";

    /** How often a failed job is retried, immediately each time; 0 for never, -1 for without limit. */
    int retries() default 0;

    /** Whether what the method returns is stored in the job's row: see {@link TaskBuilder#storeResult}. */
    boolean storeResult() default false;
}
