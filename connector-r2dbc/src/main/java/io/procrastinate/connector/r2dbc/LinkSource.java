package io.procrastinate.connector.r2dbc;

import io.procrastinate.connector.ConnectorSettings;

/** The source of listening connections: the server of the settings, or the application's pool. Thread-safe. */
interface LinkSource {

    ConnectorSettings settings();

    /** The target of the connections, for messages. */
    String target();

    /** Takes a connection within the connect time-out; a failure leaves nothing open and is one of our exceptions. */
    Future<Link> dial();

    /** Makes no further attempt. */
    void close();
}
