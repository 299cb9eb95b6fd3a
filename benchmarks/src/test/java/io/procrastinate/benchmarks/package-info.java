@NullMarked
package io.procrastinate.benchmarks;

import org.jspecify.annotations.NullMarked;
