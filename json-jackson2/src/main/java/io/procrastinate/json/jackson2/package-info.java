/** Arguments as JSON by Jackson 2. */
@NullMarked
package io.procrastinate.json.jackson2;

import org.jspecify.annotations.NullMarked;
