package io.procrastinate.tck;

/**
 * The resource of tests whose statements must be stopped at their deadline. pgjdbc cancels statements on one thread for
 * the whole JVM, which a server that accepts connections and never answers blocks: tests with such a server run apart
 * from the others.
 */
final class PromptCancel {

    static final String SHARED = "prompt cancel requests";

    private PromptCancel() {}
}
