package io.procrastinate.tck;

/** How a contract calls the connector. Every connector is called both ways, whatever its own kind. */
enum Calls {
    /** A synchronous connector itself, or an asynchronous one through its blocking view. */
    BLOCKING("blocking calls (a synchronous connector itself, or the blocking view of an asynchronous one)"),
    /**
     * An asynchronous connector itself, or a synchronous one wrapped by
     * {@link io.procrastinate.adapter.ThreadedConnector}.
     */
    STAGES("stages (an asynchronous connector itself, or a synchronous one wrapped by ThreadedConnector)");

    private final String description;

    Calls(String description) {
        this.description = description;
    }

    String description() {
        return description;
    }
}
