/**
 * The exceptions that this library throws, below one unchecked root. What a job throws to be retried,
 * {@link io.procrastinate.retry.JobRetryException}, is with the retries.
 */
@NullMarked
package io.procrastinate.exception;

import org.jspecify.annotations.NullMarked;
