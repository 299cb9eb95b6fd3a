/** Spans and metrics for OpenTelemetry: of deferrals and runs, in one trace. */
@NullMarked
package io.procrastinate.opentelemetry;

import org.jspecify.annotations.NullMarked;
