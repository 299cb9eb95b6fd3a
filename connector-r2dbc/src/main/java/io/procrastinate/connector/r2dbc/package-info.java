/** The connector over the R2DBC driver of PostgreSQL: asynchronous from end to end. */
@NullMarked
package io.procrastinate.connector.r2dbc;

import org.jspecify.annotations.NullMarked;
