/** When a job that failed runs again. */
@NullMarked
package io.procrastinate.retry;

import org.jspecify.annotations.NullMarked;
