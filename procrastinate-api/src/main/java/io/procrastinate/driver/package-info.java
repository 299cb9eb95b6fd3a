/**
 * Helpers for authors of connectors: what each connector needs to talk to a driver, written once. None of it is
 * required by the contract in {@link io.procrastinate.connector}.
 */
@NullMarked
package io.procrastinate.driver;

import org.jspecify.annotations.NullMarked;
