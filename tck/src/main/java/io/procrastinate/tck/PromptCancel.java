package io.procrastinate.tck;

/**
 * What tests share whose statements are to be stopped at their deadline. pgjdbc tells servers to stop on one thread for the
 * whole JVM, which a server that takes connections and never answers holds up: tests with such a server run without the others.
 */
final class PromptCancel {

    static final String SHARED = "prompt cancel requests";

    private PromptCancel() {}
}
