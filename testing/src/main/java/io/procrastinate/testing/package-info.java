/** Tests of applications: an app on an empty queue for each test, and assertions about what was deferred. */
@NullMarked
package io.procrastinate.testing;

import org.jspecify.annotations.NullMarked;
