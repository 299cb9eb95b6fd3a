package io.procrastinate.opentelemetry;

import io.opentelemetry.api.trace.SpanBuilder;
import org.jspecify.annotations.Nullable;

/**
 * The database's server, as spans name it.
 *
 * @param address its host, or null if spans do not name it
 */
record Server(@Nullable String address, int port) {

    void describe(SpanBuilder span) {
        if (address != null) {
            span.setAttribute(Keys.SERVER_ADDRESS, address);
            span.setAttribute(Keys.SERVER_PORT, (long) port);
        }
    }
}
