package io.procrastinate;

import org.jspecify.annotations.Nullable;

/**
 * Whether an app can defer, at one instant: for a probe, or the health page of a web application.
 *
 * @param problem what is wrong, for people; null if nothing is
 * @param cause the exception, or null if there was none
 */
public record AppHealth(@Nullable String problem, @Nullable Throwable cause) {

    /** Whether nothing is wrong. */
    public boolean isHealthy() {
        return problem == null;
    }
}
