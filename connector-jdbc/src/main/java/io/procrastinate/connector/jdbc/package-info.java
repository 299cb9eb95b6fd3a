/**
 * Shared by the connectors over JDBC, and a connector for any {@link javax.sql.DataSource} of the application.
 *
 * <p>A connector for a driver gives {@link io.procrastinate.connector.jdbc.JdbcConnector} three things: a
 * {@link io.procrastinate.connector.jdbc.JdbcDialect} for the driver's differences, a way to open a pool, and a source
 * of notifications.
 */
@NullMarked
package io.procrastinate.connector.jdbc;

import org.jspecify.annotations.NullMarked;
