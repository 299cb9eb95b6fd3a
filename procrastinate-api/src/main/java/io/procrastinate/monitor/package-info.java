/** Examines the database for common problems. */
@NullMarked
package io.procrastinate.monitor;

import org.jspecify.annotations.NullMarked;
