/** The connector over the PostgreSQL JDBC driver, pooled with HikariCP: the preferred synchronous connector. */
@NullMarked
package io.procrastinate.connector.pgjdbc;

import org.jspecify.annotations.NullMarked;
