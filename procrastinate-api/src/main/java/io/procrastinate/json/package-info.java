/** How arguments become JSON and back. */
@NullMarked
package io.procrastinate.json;

import org.jspecify.annotations.NullMarked;
