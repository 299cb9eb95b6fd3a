/** For the tests of applications: a queue without a database. */
@NullMarked
package io.procrastinate.testing;

import org.jspecify.annotations.NullMarked;
