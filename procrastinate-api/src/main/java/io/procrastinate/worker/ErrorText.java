package io.procrastinate.worker;

import io.procrastinate.job.Job;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the text that is stored in a job's row when its run failed. Messages of exceptions may contain secrets: an
 * implementation of the application's own can leave them out.
 *
 * <p>Called on the worker's threads, concurrently.
 */
@FunctionalInterface
public interface ErrorText {

    /** The most characters that are stored. */
    int MOST_CHARACTERS = 4_000;

    /** How many stack frames of the failure, and of each of its causes, {@link #full()} contains. */
    int FRAMES = 8;

    /** How many causes {@link #full()} contains. */
    int CAUSES = 3;

    /**
     * Returns the text to store; it is cut after {@value #MOST_CHARACTERS} characters.
     *
     * @param job the job whose run failed
     * @param failure what its code threw, or why it ended otherwise
     * @return null to store nothing
     */
    @Nullable
    String of(Job job, Throwable failure);

    /**
     * Returns class, message and the first {@value #FRAMES} frames of a failure, and of up to {@value #CAUSES} causes.
     */
    static ErrorText full() {
        return ErrorTexts.FULL;
    }

    /** Returns the class of a failure, without its message. */
    static ErrorText classOnly() {
        return ErrorTexts.CLASS_ONLY;
    }

    /** Nothing. */
    static ErrorText none() {
        return ErrorTexts.NONE;
    }
}
