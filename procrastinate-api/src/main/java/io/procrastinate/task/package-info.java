/** Tasks: named code with a typed argument, and how their jobs are deferred. */
@NullMarked
package io.procrastinate.task;

import org.jspecify.annotations.NullMarked;
