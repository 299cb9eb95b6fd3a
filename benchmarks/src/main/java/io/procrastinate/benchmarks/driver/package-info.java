/** The code of measured Java processes: each queue behind the same few calls. */
@NullMarked
package io.procrastinate.benchmarks.driver;

import org.jspecify.annotations.NullMarked;
