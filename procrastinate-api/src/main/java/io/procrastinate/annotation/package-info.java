/** What the annotation says about the library's own types. */
@NullMarked
package io.procrastinate.annotation;

import org.jspecify.annotations.NullMarked;
