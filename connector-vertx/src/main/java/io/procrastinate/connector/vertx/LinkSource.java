package io.procrastinate.connector.vertx;

import io.procrastinate.connector.ConnectorSettings;
import io.vertx.core.Context;
import io.vertx.core.Future;

/** Where connections that listen come from: the server of the settings, or the application's pool. Thread-safe. */
interface LinkSource {

    ConnectorSettings settings();

    /** Where the connections lead, for people. */
    String target();

    /** Takes a connection within the connect time-out; a failure leaves nothing open and is one of ours. */
    Future<Link> dial(Context context);

    /** Makes no further attempt. */
    void close();
}
