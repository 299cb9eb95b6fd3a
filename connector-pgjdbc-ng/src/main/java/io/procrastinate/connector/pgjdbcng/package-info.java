/** The connector over the driver pgjdbc-ng, pooled with HikariCP: the alternative synchronous connector. */
@NullMarked
package io.procrastinate.connector.pgjdbcng;

import org.jspecify.annotations.NullMarked;
