/**
 * The contract of a connector as a JUnit Jupiter suite. A connector's author writes one class, a subclass of
 * {@link io.procrastinate.tck.ConnectorTck}; the contracts nested in that class define what it runs.
 */
@NullMarked
package io.procrastinate.tck;

import org.jspecify.annotations.NullMarked;
