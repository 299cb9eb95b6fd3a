/** JMH benchmarks of the pieces that every job passes through. */
@NullMarked
package io.procrastinate.benchmarks.pieces;

import org.jspecify.annotations.NullMarked;
