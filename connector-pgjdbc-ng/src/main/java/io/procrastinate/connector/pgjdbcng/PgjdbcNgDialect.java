package io.procrastinate.connector.pgjdbcng;

import com.impossibl.postgres.api.jdbc.PGSQLExceptionInfo;
import io.procrastinate.connector.jdbc.JdbcDialect;
import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** How pgjdbc-ng differs from other drivers. */
final class PgjdbcNgDialect implements JdbcDialect {

    /** The driver's misspelling of {@code 08001}, client unable to connect. */
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
     * The driver reports lost connections without an SQLSTATE, or throws exceptions of Netty, sometimes before the
     * connection counts as closed. Failures reported by the server always have an SQLSTATE.
     */
    @Override
    public boolean isLost(Connection connection, Throwable failure) {
        return sqlState(failure) == null || JdbcDialect.super.isLost(connection, failure);
    }

    /** The driver uses prepared statements of its own to begin and end transactions and to look up types. */
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
