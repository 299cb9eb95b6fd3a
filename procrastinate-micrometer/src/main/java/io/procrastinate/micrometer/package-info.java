/** Meters and observations for Micrometer: of deferrals, runs, workers and the backlog. */
@NullMarked
package io.procrastinate.micrometer;

import org.jspecify.annotations.NullMarked;
