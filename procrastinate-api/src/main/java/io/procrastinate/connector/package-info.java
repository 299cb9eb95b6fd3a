/**
 * The service provider interface: what a connector implements so that this library runs on a driver.
 *
 * <p>A connector is either a {@link io.procrastinate.connector.SyncConnector} or an
 * {@link io.procrastinate.connector.AsyncConnector}. It executes a {@link io.procrastinate.connector.BoundQuery},
 * returns {@link io.procrastinate.connector.Row rows}, runs scripts, listens for notifications, and joins a connection
 * of the caller. A {@link io.procrastinate.connector.ConnectorProvider} registers it with
 * {@link java.util.ServiceLoader}. The sentences of this package are the contract that the artifact
 * {@code procrastinate-tck} checks.
 */
@NullMarked
package io.procrastinate.connector;

import org.jspecify.annotations.NullMarked;
