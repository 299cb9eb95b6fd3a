package io.procrastinate.tck;

import org.jspecify.annotations.Nullable;

/**
 * A connection as an application uses it: with a transaction of its own, which the connector joins. The contracts call
 * it from one thread at a time; every method returns when the database has answered.
 */
public interface CallerConnection extends AutoCloseable {

    /**
     * The connection as the connector takes it, such as a {@code java.sql.Connection}. It is in a transaction, or the
     * next statement begins one, even if the connector sends it: {@link #rollback} then undoes that statement too.
     */
    Object connection();

    /** Executes SQL without parameters in the open transaction; the first statement begins it. */
    void run(String sql);

    /**
     * The first column of the first row of a query, as text; null if that is null. Runs in the transaction, as above.
     */
    @Nullable
    String ask(String sql);

    /** Commits the transaction. */
    void commit();

    /** Rolls the transaction back. */
    void rollback();

    /**
     * The settings that the connection keeps on the client's side (auto-commit, isolation, time-outs), in any form that
     * can be compared: a connector must leave it as it was. Empty by default.
     */
    default String clientSettings() {
        return "";
    }

    /** Closes the connection; a transaction still open is rolled back. */
    @Override
    void close();
}
