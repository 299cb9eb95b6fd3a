/** The {@code procrastinate} command. */
@NullMarked
package io.procrastinate.cli;

import org.jspecify.annotations.NullMarked;
