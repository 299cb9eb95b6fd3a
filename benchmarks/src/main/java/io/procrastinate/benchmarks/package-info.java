/**
 * The harness: runs this library, raw SQL and other queues against each other in turns, and reports how they compare.
 */
@NullMarked
package io.procrastinate.benchmarks;

import org.jspecify.annotations.NullMarked;
