package io.procrastinate.worker;

import io.procrastinate.job.Job;
import io.procrastinate.json.JsonArguments;
import io.procrastinate.task.Task;
import io.procrastinate.task.TaskRegistry;
import io.procrastinate.text.Printable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is stored of a run besides its end: its error or its result. Code of the application chooses them; if that
 * fails, they are left out and the run ends as usual.
 */
final class StoredDetails {

    private static final Logger LOGGER = LoggerFactory.getLogger(StoredDetails.class);

    private final ErrorText errors;
    private final TaskRegistry tasks;

    StoredDetails(ErrorText errors, TaskRegistry tasks) {
        this.errors = errors;
        this.tasks = tasks;
    }

    @Nullable
    String error(Job job, @Nullable Throwable failure) {
        if (failure == null) {
            return null;
        }
        try {
            String text = errors.of(job, failure);
            return text == null ? null : storable(Printable.cut(text, ErrorText.MOST_CHARACTERS));
        } catch (RuntimeException | Error e) {
            LOGGER.warn("The error of job {} is not stored: making its text failed", job.id(), Printable.loggable(e));
            return null;
        }
    }

    @Nullable
    String result(Job job, @Nullable Object value) {
        if (value == null
                || !tasks.named(job.taskName()).map(Task::storesResult).orElse(false)) {
            return null;
        }
        try {
            String json = tasks.json(value);
            // What arguments may hold, the database can store, through every connector.
            JsonArguments.requireObject("{\"result\":" + json + "}");
            if (json.length() <= Task.MOST_RESULT_CHARACTERS) {
                return json;
            }
            LOGGER.warn(
                    "The result of job {} is not stored: its JSON has {} characters, of which {} are allowed",
                    job.id(),
                    json.length(),
                    Task.MOST_RESULT_CHARACTERS);
        } catch (RuntimeException | Error e) {
            LOGGER.warn(
                    "The result of job {} is not stored: it cannot be written as JSON that PostgreSQL takes",
                    job.id(),
                    Printable.loggable(e));
        }
        return null;
    }

    /** Replaces what the database refuses in a text: NUL, and halves of surrogate pairs. */
    private static String storable(String text) {
        StringBuilder kept = new StringBuilder(text.length());
        text.codePoints()
                .map(point -> point == 0 || (point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE)
                        ? '\uFFFD'
                        : point)
                .forEach(kept::appendCodePoint);
        return kept.toString();
    }
}
