/** For the tests of applications: a queue without a database. */
@NullMarked
package io.procrastinate.memory;

import org.jspecify.annotations.NullMarked;
