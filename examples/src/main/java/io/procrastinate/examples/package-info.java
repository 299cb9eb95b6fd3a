/** Runnable examples, each with a test. {@link io.procrastinate.examples.Quickstart} is the one to begin with. */
@NullMarked
package io.procrastinate.examples;

import org.jspecify.annotations.NullMarked;
