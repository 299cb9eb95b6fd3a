/** What can go wrong: every exception of this library, below one unchecked root. */
@NullMarked
package io.procrastinate.exception;

import org.jspecify.annotations.NullMarked;
