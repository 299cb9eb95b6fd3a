package io.procrastinate.connector.pgjdbcng;

import com.impossibl.postgres.api.jdbc.PGSQLExceptionInfo;
import io.procrastinate.connector.jdbc.JdbcDialect;
import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** Where pgjdbc-ng differs from other drivers. */
final class PgjdbcNgDialect implements JdbcDialect {

    /** What the driver says for {@code 08001}, client unable to connect. */
    private static final String MISSPELT = "8001";

    @Override
    public @Nullable String sqlState(Throwable failure) {
        String state = JdbcDialect.super.sqlState(failure);
        return MISSPELT.equals(state) ? "08001" : state;
    }

    @Override
    public @Nullable String constraint(SQLException failure) {
        return failure instanceof PGSQLExceptionInfo info
                ? info.getConstraint()
                : JdbcDialect.super.constraint(failure);
    }

    /**
     * The driver reports lost connections without an SQLSTATE, or throws what comes out of Netty, in part before the
     * connection counts as closed. What the server itself reports always has an SQLSTATE.
     */
    @Override
    public boolean isLost(Connection connection, Throwable failure) {
        return sqlState(failure) == null || JdbcDialect.super.isLost(connection, failure);
    }

    /** To begin and end transactions, and to learn about types, the driver uses prepared statements of its own. */
    @Override
    public boolean alwaysPrepares() {
        return true;
    }

    @Override
    public boolean keepsStaleStatements() {
        return true;
    }

    @Override
    public boolean swallowsInterrupts() {
        return true;
    }
}
