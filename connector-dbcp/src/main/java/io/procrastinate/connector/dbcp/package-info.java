/** The connector that shares the application's own Commons DBCP 2 pool. */
@NullMarked
package io.procrastinate.connector.dbcp;

import org.jspecify.annotations.NullMarked;
