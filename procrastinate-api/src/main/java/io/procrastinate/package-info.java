/**
 * A task queue on PostgreSQL: an {@link io.procrastinate.App} defers jobs, which are rows of a table, and workers fetch
 * and run them. The database is that of Procrastinate for Python, so that programs in both languages share queues.
 */
@NullMarked
package io.procrastinate;

import org.jspecify.annotations.NullMarked;
