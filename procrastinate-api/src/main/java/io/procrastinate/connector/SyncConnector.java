package io.procrastinate.connector;

import io.procrastinate.exception.ConnectorException;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A connector with classic blocking I/O: every call returns when the database has answered.
 *
 * <p>Given explicitly to an app, it only defers and administers; lifted by
 * {@link io.procrastinate.adapter.ThreadedConnector#over} it does everything.
 *
 * <p>An interrupt of the calling thread is never cleared.
 */
public non-sealed interface SyncConnector extends Connector, AutoCloseable {

    /**
     * Opens the connector, with a pool of its own or with the application's. Opening an open connector does nothing. A
     * closed connector can be opened again. The first connection is tried at once: when this method returns, the database has
     * answered.
     *
     * @param pool the application's pool, of a kind that the connector documents, or null for a pool of its own; a pool that
     *     came from outside is never closed by the connector
     * @throws ConnectorException when the database cannot be reached or refuses the login, or when the pool is of another
     *     kind (the message names both kinds); nothing is left open then
     */
    void open(@Nullable Object pool);

    /**
     * Closes what the connector opened itself: its pool, its connections, its threads. Closing twice does nothing. Calls
     * under way may fail with a {@link ConnectorException}; later ones do with
     * {@link io.procrastinate.exception.AppNotOpenException}.
     */
    @Override
    void close();

    /**
     * Executes a query on a connection of the pool and commits it. A statement that the server may have executed is never
     * sent a second time. A connection that a statement has lost is thrown away: the next statement gets another one. A statement
     * that the server has committed without its synchronous standby, for which it waits no longer than the deadline, fails as one
     * whose outcome is not known: as transient.
     *
     * @return the rows in the order in which the server sent them; empty where the statement returns none
     * @throws ConnectorException when the statement failed or its deadline passed; never before the connection has been
     *     given back or thrown away
     * @throws io.procrastinate.exception.AppNotOpenException when the connector is not open
     */
    List<Row> execute(BoundQuery query);

    /**
     * Executes a query on a connection of the caller, inside the caller's transaction, which this method neither commits nor
     * rolls back, and whose settings it leaves as they were. The connector need not be open.
     *
     * @param connection a connection of a kind that the connector documents
     * @throws ConnectorException when the connection is of another kind (the message names both; nothing is sent) or the
     *     statement failed
     */
    List<Row> execute(BoundQuery query, Object connection);

    /**
     * Runs a script of several statements, without parameters, in one transaction: either all of it is done or nothing. It may
     * take as long as a statement, {@link ConnectorSettings#statementTimeout()}.
     *
     * @throws ConnectorException when a statement failed
     */
    void runScript(String sql);

    /**
     * Opens a connection that listens on channels. It is the session's own: not one that queries use.
     *
     * @param channels at least one; any text is a valid channel name
     * @throws ConnectorException when the connection cannot be made
     */
    ListenSession listen(Collection<String> channels);

    /** Itself. */
    @Override
    default SyncConnector sync() {
        return this;
    }

    /** False: every thread may wait for a connector whose I/O is its callers' own. */
    @Override
    default boolean isOnNonBlockingThread() {
        return false;
    }
}
