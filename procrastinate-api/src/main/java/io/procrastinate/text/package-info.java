/** How texts of others are shown to people. */
@NullMarked
package io.procrastinate.text;

import org.jspecify.annotations.NullMarked;
