/** Shows foreign text safely. */
@NullMarked
package io.procrastinate.text;

import org.jspecify.annotations.NullMarked;
