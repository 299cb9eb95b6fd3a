/**
 * Helpers for the authors of connectors: what every one needs when it speaks to a driver, and what need not be written twice.
 * None of it is required by the contract in {@link io.procrastinate.connector}.
 */
@NullMarked
package io.procrastinate.driver;

import org.jspecify.annotations.NullMarked;
