package io.procrastinate.connector.jdbc;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Row;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;

/** A query as a call on a connection of the pool. */
record QueryCall(StatementRunner statements, BoundQuery query, Duration deadline)
        implements PooledCalls.Call<List<Row>> {

    @Override
    public List<Row> on(Connection connection) throws SQLException {
        return statements.run(connection, query, deadline);
    }

    @Override
    public PooledCalls.Call<List<Row>> preparedAgain() {
        return connection -> statements.runPreparedAgain(connection, query, deadline);
    }
}
