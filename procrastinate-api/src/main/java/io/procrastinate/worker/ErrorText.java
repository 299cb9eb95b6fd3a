package io.procrastinate.worker;

import io.procrastinate.job.Job;
import org.jspecify.annotations.Nullable;

/**
 * What is stored of a failure in the job's row. Messages of exceptions may hold what nobody is to read there: an implementation of
 * the application's own can leave it out.
 *
 * <p>Called on threads of the worker, side by side.
 */
@FunctionalInterface
public interface ErrorText {

    /** How many characters are stored at most. */
    int MOST_CHARACTERS = 4_000;

    /** The frames of the failure, and of each of its causes, that {@link #full()} shows. */
    int FRAMES = 8;

    /** The causes that {@link #full()} shows. */
    int CAUSES = 3;

    /**
     * The text to be stored, of which no more than {@value #MOST_CHARACTERS} characters are.
     *
     * @param job the job whose run failed
     * @param failure what its code threw, or what ended it otherwise
     * @return null for nothing
     */
    @Nullable
    String of(Job job, Throwable failure);

    /** Class, message and the first {@value #FRAMES} frames of a failure, and of up to {@value #CAUSES} causes. */
    static ErrorText full() {
        return ErrorTexts.FULL;
    }

    /** The class of a failure, without its message. */
    static ErrorText classOnly() {
        return ErrorTexts.CLASS_ONLY;
    }

    /** Nothing. */
    static ErrorText none() {
        return ErrorTexts.NONE;
    }
}
