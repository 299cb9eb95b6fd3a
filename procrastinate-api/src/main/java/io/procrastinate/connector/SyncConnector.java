package io.procrastinate.connector;

import io.procrastinate.exception.ConnectorException;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A connector with classic blocking I/O: every call returns when the database has answered.
 *
 * <p>Given directly to an app, it only defers and administers; wrapped by
 * {@link io.procrastinate.adapter.ThreadedConnector#over}, it does everything.
 *
 * <p>An interrupt of the calling thread is never cleared.
 */
public non-sealed interface SyncConnector extends Connector, AutoCloseable {

    /**
     * Opens the connector, with a pool of its own or with the application's. Opening an open connector does nothing. A
     * closed connector can be opened again. It connects right away: when this method returns, the database has
     * answered.
     *
     * @param pool the application's pool, of a kind that the connector documents, or null for a pool of its own; the
     *     connector never closes a pool that it was given
     * @throws ConnectorException if the database cannot be reached or refuses the login, or if the pool is of another
     *     kind (the message names both kinds); nothing is left open then
     */
    void open(@Nullable Object pool);

    /**
     * Closes what the connector opened itself: its pool, its connections, its threads. Closing twice does nothing.
     * Running calls may fail with a {@link ConnectorException}; later ones fail with
     * {@link io.procrastinate.exception.AppNotOpenException}.
     */
    @Override
    void close();

    /**
     * Executes a query on a connection of the pool and commits it. A statement that the server may have executed is
     * never sent a second time. If a statement loses its connection, that is thrown away and the next statement gets
     * another one. A statement that the server has committed without its synchronous standby, for which it waits no
     * longer than the deadline, fails as transient, like any statement whose outcome is unknown.
     *
     * @return the rows in the order in which the server sent them; empty if the statement returns none
     * @throws ConnectorException if the statement failed or its deadline passed; thrown only after the connection has
     *     been returned or thrown away
     * @throws io.procrastinate.exception.AppNotOpenException if the connector is not open
     */
    List<Row> execute(BoundQuery query);

    /**
     * Executes a query on a connection of the caller, inside the caller's transaction. This method neither commits nor
     * rolls back, and leaves the transaction's settings as they were. The connector need not be open.
     *
     * @param connection a connection of a kind that the connector documents
     * @throws ConnectorException if the connection is of another kind (the message names both; nothing is sent) or the
     *     statement failed
     */
    List<Row> execute(BoundQuery query, Object connection);

    /**
     * Runs a script of several statements, without parameters, in one transaction: either all of it is done or nothing.
     * Like a statement, it may take {@link ConnectorSettings#statementTimeout()}.
     *
     * @throws ConnectorException if a statement failed
     */
    void runScript(String sql);

    /**
     * Opens a connection that listens on channels. It belongs to the session alone: queries do not use it.
     *
     * @param channels at least one; any text is a valid channel name
     * @throws ConnectorException if the connection cannot be made
     */
    ListenSession listen(Collection<String> channels);

    /** Returns this connector. */
    @Override
    default SyncConnector sync() {
        return this;
    }

    /** Returns false: the I/O runs on the calling threads, so each of them may block. */
    @Override
    default boolean isOnNonBlockingThread() {
        return false;
    }
}
