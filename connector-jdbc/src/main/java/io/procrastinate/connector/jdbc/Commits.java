package io.procrastinate.connector.jdbc;

import io.procrastinate.connector.SqlState;
import io.procrastinate.driver.UnreplicatedCommit;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLWarning;
import org.jspecify.annotations.Nullable;

/** Detects commits that may not last by the warnings that came with them, without a round trip. Thread-safe. */
record Commits(JdbcDialect dialect) {

    /** Commits the transaction of a connection whose warnings are not read elsewhere. */
    void commit(Connection connection) throws SQLException {
        connection.clearWarnings();
        connection.commit();
        requireReplicated(connection.getWarnings());
    }

    /** Fails if one of the warnings of a statement or commit reports a commit without the standby. */
    void requireReplicated(@Nullable SQLWarning first) throws SQLException {
        for (SQLWarning warning = first; warning != null; warning = warning.getNextWarning()) {
            if (UnreplicatedCommit.isMeantBy(
                    dialect.sqlState(warning), dialect.routine(warning), warning.getMessage())) {
                throw new SQLException(UnreplicatedCommit.REASON, SqlState.COMPLETION_UNKNOWN, warning);
            }
        }
    }
}
