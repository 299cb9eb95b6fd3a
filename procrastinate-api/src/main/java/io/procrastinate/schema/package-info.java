/** The tables, types and functions in the database. */
@NullMarked
package io.procrastinate.schema;

import org.jspecify.annotations.NullMarked;
