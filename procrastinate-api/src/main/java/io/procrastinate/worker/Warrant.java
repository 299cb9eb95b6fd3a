package io.procrastinate.worker;

import io.procrastinate.connector.BoundQuery;
import java.time.Duration;

/**
 * The right to take workers for dead. It ends at a time of the database's clock: a statement that an outage delays until then
 * arrives where every worker looks dead, and must find none.
 *
 * @param stalledFor for how long a worker was not heard of, in whole seconds, at least one
 * @param untilMicros when the right ends, in microseconds since 1970
 */
record Warrant(Duration stalledFor, long untilMicros) {

    BoundQuery.Binder bind(BoundQuery.Binder query) {
        return query.set("seconds", Math.max(1, stalledFor.toSeconds())).set("until_micros", untilMicros);
    }
}
