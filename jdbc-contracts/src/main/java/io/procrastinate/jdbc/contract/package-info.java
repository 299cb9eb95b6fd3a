/**
 * Requirements for connectors for JDBC drivers of PostgreSQL besides the kit's contract, as tests that each of them
 * inherits.
 */
@NullMarked
package io.procrastinate.jdbc.contract;

import org.jspecify.annotations.NullMarked;
