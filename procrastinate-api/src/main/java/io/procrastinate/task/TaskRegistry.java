package io.procrastinate.task;

import io.procrastinate.annotation.Internal;
import io.procrastinate.exception.TaskNotFoundException;
import io.procrastinate.job.JobManager;
import io.procrastinate.job.NewJob;
import io.procrastinate.json.JsonCodec;
import io.procrastinate.text.Printable;
import java.lang.reflect.Type;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The tasks of an app, by name and alias: a blueprint whose tasks can be deferred and run. Thread-safe. */
public final class TaskRegistry extends Blueprint {

    private final JobManager jobManager;
    private final JsonCodec codec;

    /**
     * Starts with no tasks.
     *
     * @hidden
     */
    @Internal
    public TaskRegistry(JobManager jobManager, JsonCodec codec) {
        this.jobManager = jobManager;
        this.codec = codec;
    }

    /** The task of a name or alias, if there is one. */
    public Optional<Task<?>> named(String name) {
        return Optional.ofNullable(find(name));
    }

    /**
     * Starts a deferral by the name or alias of a task of this program, with its options; the arguments are checked.
     * For a task of another program, see {@link #external(String)}.
     *
     * @throws TaskNotFoundException if no task has the name
     */
    public JobDeferrer<Map<String, @Nullable Object>> configure(String name) {
        Task<?> known = find(name);
        if (known == null) {
            throw new TaskNotFoundException("No task named " + Printable.text(name, NewJob.MOST_NAME_CHARACTERS)
                    + " is registered. Found: " + all().stream().map(Task::name).toList()
                    + ". To defer to another program that has the task, use externalTask.");
        }
        return JobDeferrer.of(this, known);
    }

    /**
     * Starts a deferral of a task of another program, even one in Python: nothing is known about it here, so neither
     * its name nor its arguments are checked. Its queue is {@value Task#DEFAULT_QUEUE} and its priority 0 unless set. A
     * task that this program also has is deferred as by {@link #configure}.
     *
     * @throws io.procrastinate.exception.InvalidJobException if a job of that name cannot be stored
     */
    public JobDeferrer<Map<String, @Nullable Object>> external(String name) {
        return externalOf(name);
    }

    /**
     * Starts a deferral of a task of another program, as {@link #external(String)}, with arguments of a class, usually
     * a record.
     *
     * @throws io.procrastinate.exception.InvalidJobException if a job of that name cannot be stored
     */
    public <A> JobDeferrer<A> external(String name, Class<A> argument) {
        Objects.requireNonNull(argument);
        return externalOf(name);
    }

    private <A> JobDeferrer<A> externalOf(String name) {
        Task<?> known = find(name);
        return known == null ? JobDeferrer.external(this, name) : JobDeferrer.of(this, known);
    }

    /**
     * Returns the job of a task for a time of one of its schedules, with the time as its argument {@code timestamp}.
     *
     * @throws io.procrastinate.exception.InvalidJobException if it cannot be stored, or does not fit the task
     * @hidden
     */
    @Internal
    public NewJob job(Task<?> task, Periodic periodic, Instant time) {
        return job(task, task.name(), periodic, time);
    }

    private NewJob job(Task<?> task, String name, Periodic periodic, Instant time) {
        Map<String, @Nullable Object> args = new HashMap<>(periodic.args());
        args.put(Periodic.TIMESTAMP, time.getEpochSecond());
        return JobDeferrer.<Map<String, @Nullable Object>>of(this, task, name)
                .queue(periodic.queue() == null ? task.queue() : periodic.queue())
                .priority(periodic.priority() == null ? task.priority() : periodic.priority())
                .lock(periodic.lock() == null ? task.lock() : periodic.lock())
                .queueingLock(periodic.queueingLock() == null ? task.queueingLock() : periodic.queueingLock())
                .job(args);
    }

    @Override
    void requirePeriodics(Task<?> task, String name) {
        task.periodics().forEach(periodic -> job(task, name, periodic, Instant.EPOCH));
    }

    @Override
    void added(Task<?> task) {
        task.bind(this);
    }

    /**
     * Writes arguments as the app's codec does.
     *
     * @throws IllegalArgumentException if they cannot be written
     * @hidden
     */
    @Internal
    public String json(Object args) {
        return codec.write(args);
    }

    /**
     * Reads arguments, or anything else, as the app's codec does.
     *
     * @throws IllegalArgumentException if the JSON does not fit the type
     * @hidden
     */
    @Internal
    public @Nullable Object readJson(String json, Type type) {
        return codec.read(json, type);
    }

    JobManager jobManager() {
        return jobManager;
    }

    JsonCodec codec() {
        return codec;
    }
}
