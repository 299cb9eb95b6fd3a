/** The annotation that marks what is public for this library alone. */
@NullMarked
package io.procrastinate.annotation;

import org.jspecify.annotations.NullMarked;
