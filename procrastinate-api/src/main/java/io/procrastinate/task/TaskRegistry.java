package io.procrastinate.task;

import io.procrastinate.exception.TaskNotFoundException;
import io.procrastinate.job.JobManager;
import io.procrastinate.job.NewJob;
import io.procrastinate.json.JsonCodec;
import java.lang.reflect.Type;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The tasks of an app, by name and alias: a blueprint whose tasks can be deferred and run. Thread-safe. */
public final class TaskRegistry extends Blueprint {

    private final JobManager jobManager;
    private final JsonCodec codec;

    /** Starts with no tasks. */
    public TaskRegistry(JobManager jobManager, JsonCodec codec) {
        this.jobManager = jobManager;
        this.codec = codec;
    }

    /** The task of a name or alias, where there is one. */
    public Optional<Task<?>> named(String name) {
        return Optional.ofNullable(find(name));
    }

    /**
     * Starts a deferral by name, of a task that may be known only to another program, even one in Python. A task that is
     * known gives its options; an unknown one has the queue {@value Task#DEFAULT_QUEUE} and priority 0.
     */
    public JobDeferrer<Map<String, @Nullable Object>> configure(String name) {
        Task<?> known = find(name);
        return known == null ? JobDeferrer.unknown(this, name) : JobDeferrer.of(this, known);
    }

    /**
     * Starts a deferral by name, of a task that is known here.
     *
     * @throws TaskNotFoundException when no task has the name
     */
    public JobDeferrer<Map<String, @Nullable Object>> configureKnown(String name) {
        Task<?> known = find(name);
        if (known == null) {
            throw new TaskNotFoundException("No task named " + name + " is registered. Found: "
                    + all().stream().map(Task::name).toList());
        }
        return JobDeferrer.of(this, known);
    }

    /**
     * The job of a task for a time of one of its schedules, with the time as its argument {@code timestamp}.
     *
     * @throws io.procrastinate.exception.InvalidJobException when it cannot be stored
     */
    public NewJob job(Task<?> task, Periodic periodic, Instant time) {
        return job(task, task.name(), periodic, time);
    }

    private NewJob job(Task<?> task, String name, Periodic periodic, Instant time) {
        Map<String, @Nullable Object> args = new HashMap<>(periodic.args());
        args.put("timestamp", time.getEpochSecond());
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
     * @throws IllegalArgumentException when they cannot be written
     */
    public String json(Object args) {
        return codec.write(args);
    }

    /**
     * Reads arguments, or anything else, as the app's codec does.
     *
     * @throws IllegalArgumentException when the JSON does not fit the type
     */
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
