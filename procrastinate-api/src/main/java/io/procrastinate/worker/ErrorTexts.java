package io.procrastinate.worker;

import io.procrastinate.job.Job;
import io.procrastinate.text.Printable;
import org.jspecify.annotations.Nullable;

/** The texts of errors that everybody may choose from. */
enum ErrorTexts implements ErrorText {
    FULL {
        @Override
        public String of(Job job, Throwable failure) {
            StringBuilder text = new StringBuilder(500);
            Throwable cause = failure;
            for (int depth = 0; cause != null && depth <= CAUSES && text.length() < MOST_CHARACTERS; depth++) {
                text.append(depth == 0 ? "" : "\nCaused by: ").append(Printable.failure(cause));
                StackTraceElement[] frames = cause.getStackTrace();
                for (int frame = 0; frame < Math.min(FRAMES, frames.length); frame++) {
                    text.append("\n    at ").append(frames[frame]);
                }
                cause = cause.getCause();
            }
            return text.toString();
        }
    },

    CLASS_ONLY {
        @Override
        public String of(Job job, Throwable failure) {
            return failure.getClass().getName();
        }
    },

    NONE {
        @Override
        public @Nullable String of(Job job, Throwable failure) {
            return null;
        }
    }
}
