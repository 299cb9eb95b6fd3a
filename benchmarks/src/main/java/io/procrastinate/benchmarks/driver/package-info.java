/** What a measured process of Java runs: each queue behind the same few calls. */
@NullMarked
package io.procrastinate.benchmarks.driver;

import org.jspecify.annotations.NullMarked;
