/** When periodic tasks are due. */
@NullMarked
package io.procrastinate.periodic;

import org.jspecify.annotations.NullMarked;
