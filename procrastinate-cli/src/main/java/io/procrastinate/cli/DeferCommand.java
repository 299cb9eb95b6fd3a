package io.procrastinate.cli;

import io.procrastinate.App;
import io.procrastinate.exception.AlreadyEnqueuedException;
import io.procrastinate.exception.ProcrastinateException;
import io.procrastinate.exception.TaskNotFoundException;
import io.procrastinate.json.PythonText;
import io.procrastinate.task.JobDeferrer;
import io.procrastinate.text.Printable;
import java.io.PrintWriter;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.format.ResolverStyle;
import java.time.temporal.ChronoField;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Defers a job. */
@Command(name = "defer", description = "Create a job from the given task, to be executed by a worker.")
final class DeferCommand implements Callable<Integer> {

    /** ISO-8601, in the basic and the extended form. Missing parts default to 1 or 0, a missing offset to UTC. */
    private static final DateTimeFormatter AT = new DateTimeFormatterBuilder()
            .parseCaseInsensitive()
            .appendPattern("[uuuu-MM-dd][uuuuMMdd][uuuu-MM][uuuu][['T'][ ]HH[:mm[:ss]][mm[ss]]]")
            .appendFraction(ChronoField.NANO_OF_SECOND, 0, 9, true)
            .appendPattern("[ ][XXX][XX][X]")
            .parseDefaulting(ChronoField.MONTH_OF_YEAR, 1)
            .parseDefaulting(ChronoField.DAY_OF_MONTH, 1)
            .parseDefaulting(ChronoField.HOUR_OF_DAY, 0)
            .parseDefaulting(ChronoField.MINUTE_OF_HOUR, 0)
            .parseDefaulting(ChronoField.SECOND_OF_MINUTE, 0)
            .parseDefaulting(ChronoField.NANO_OF_SECOND, 0)
            .parseDefaulting(ChronoField.OFFSET_SECONDS, 0)
            .toFormatter(Locale.ROOT)
            .withResolverStyle(ResolverStyle.STRICT);

    private static final String WITHOUT_APP =
            "With --unknown, a task that only another program has is deferred, and no app is needed.";

    @ParentCommand
    @Nullable
    Procrastinate root;

    @Spec
    @Nullable
    CommandSpec spec;

    @Parameters(index = "0", paramLabel = "TASK", description = "Name of the task to defer.")
    String task = "";

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "JSON_ARGS",
            description = "JSON object with the job parameters.")
    @Nullable
    String jsonArgs;

    @Option(names = "--queue", description = "The queue for deferring. Defaults to the task's default queue.")
    @Nullable
    String queue;

    @Option(names = "--lock", description = "A lock string. Jobs sharing the same lock will not run concurrently.")
    @Nullable
    String lock;

    @Option(
            names = "--queueing-lock",
            description =
                    "A string value. The defer operation fails if a job with the same queueing lock already waits in"
                            + " the queue.")
    @Nullable
    String queueingLock;

    @Option(
            names = {"-i", "--ignore-already-enqueued"},
            negatable = true,
            fallbackValue = "true",
            description = "Exit with code 0 even if the queueing lock is already taken, while still saying so.")
    boolean ignoreAlreadyEnqueued;

    @Option(
            names = "--at",
            paramLabel = "ISO-8601",
            description = "ISO-8601 date and time after which to launch the job; UTC unless it has an offset.")
    @Nullable
    String at;

    @Option(names = "--in", paramLabel = "SECONDS", description = "Number of seconds after which to launch the job.")
    @Nullable
    Duration in;

    @Option(
            names = "--priority",
            description = "Job priority. May be positive or negative (higher values run first). Defaults to 0.")
    @Nullable
    Integer priority;

    @Option(
            names = "--unknown",
            negatable = true,
            fallbackValue = "true",
            description = "Whether unknown tasks can be deferred. They cannot unless set.")
    boolean unknown;

    @Override
    public Integer call() {
        if (at != null && in != null) {
            throw misuse("--at and --in are mutually exclusive: give one of them");
        }
        if (at != null) {
            instant(at);
        }
        Procrastinate command = Objects.requireNonNull(root);
        try (App app = unknown ? command.appOrDatabase() : command.requireApp(WITHOUT_APP)) {
            app.open();
            Map<?, ?> args = args(app);
            return defer(configured(unknown ? app.externalTask(task) : known(app)), args);
        }
    }

    private JobDeferrer<Map<String, @Nullable Object>> known(App app) {
        try {
            return app.configureTask(task);
        } catch (TaskNotFoundException e) {
            throw new BadInputException("Task cannot be imported.", new BadInputException(WITHOUT_APP, e));
        }
    }

    private int defer(JobDeferrer<Map<String, @Nullable Object>> deferrer, Map<?, ?> args) {
        PrintWriter err = Procrastinate.err(Objects.requireNonNull(spec));
        err.println("Launching a job: " + Printable.text(task) + PythonText.call(json()));
        try {
            @SuppressWarnings("unchecked") // the keys of a JSON object are strings
            Map<String, @Nullable Object> named = (Map<String, @Nullable Object>) args;
            deferrer.defer(named);
            return 0;
        } catch (AlreadyEnqueuedException e) {
            if (!ignoreAlreadyEnqueued) {
                throw e;
            }
            err.println(Printable.text(String.valueOf(e.getMessage())) + " (ignored)");
            return 0;
        }
    }

    private JobDeferrer<Map<String, @Nullable Object>> configured(JobDeferrer<Map<String, @Nullable Object>> plain) {
        JobDeferrer<Map<String, @Nullable Object>> deferrer = plain;
        if (queue != null) {
            // An empty name means the default queue, as in the original: no worker could be configured for a queue
            // without a name.
            deferrer = deferrer.queue(queue.isEmpty() ? "default" : queue);
        }
        if (lock != null) {
            deferrer = deferrer.lock(lock);
        }
        if (queueingLock != null) {
            deferrer = deferrer.queueingLock(queueingLock);
        }
        if (priority != null) {
            deferrer = deferrer.priority(priority);
        }
        if (at != null) {
            deferrer = deferrer.at(instant(at));
        }
        if (in != null) {
            deferrer = deferrer.in(in);
        }
        return deferrer;
    }

    private Map<?, ?> args(App app) {
        try {
            if (app.tasks().readJson(json(), Object.class) instanceof Map<?, ?> map) {
                return map;
            }
        } catch (IllegalArgumentException e) {
            throw new BadInputException("Incorrect JSON_ARGS value expecting a valid json object (or dict)", e);
        }
        throw new BadInputException("Incorrect JSON_ARGS value expecting a valid json object (or dict)", null);
    }

    private String json() {
        return jsonArgs == null || jsonArgs.isEmpty() ? "{}" : jsonArgs;
    }

    private Instant instant(String text) {
        try {
            return AT.parse(text.replace(',', '.'), Instant::from);
        } catch (DateTimeException e) {
            throw misuse("Incorrect --at value '" + Printable.text(text) + "', expecting an ISO-8601 date and time");
        }
    }

    private ParameterException misuse(String message) {
        return new ParameterException(Objects.requireNonNull(spec).commandLine(), message);
    }

    /** A value on the command line is wrong in a way that parsing could not detect. */
    static final class BadInputException extends ProcrastinateException {

        private static final long serialVersionUID = 1L;

        BadInputException(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }
}
