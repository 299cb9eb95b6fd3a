/** The connector over the Vert.x PostgreSQL client: asynchronous from end to end. */
@NullMarked
package io.procrastinate.connector.vertx;

import org.jspecify.annotations.NullMarked;
