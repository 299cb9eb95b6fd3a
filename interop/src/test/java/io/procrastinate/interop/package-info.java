/** Queues shared with Procrastinate for Python, both ways. */
@NullMarked
package io.procrastinate.interop;

import org.jspecify.annotations.NullMarked;
