/** Runnable examples, each with a test. Begin with {@link io.procrastinate.examples.Quickstart}. */
@NullMarked
package io.procrastinate.examples;

import org.jspecify.annotations.NullMarked;
