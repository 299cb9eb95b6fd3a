package io.procrastinate.connector.jdbc;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.ParameterType;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.Row;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Runs statements on a connection that the caller manages. Thread-safe. */
final class StatementRunner {

    /** White space is not enough: pgjdbc-ng ignores it. */
    private static final String PREPARED_AGAIN = " /* prepared again */";

    private final JdbcDialect dialect;
    private final RowReader reader;
    private final Commits commits;

    StatementRunner(JdbcDialect dialect) {
        this.dialect = dialect;
        this.reader = new RowReader(dialect);
        this.commits = new Commits(dialect);
    }

    List<Row> run(Connection connection, BoundQuery bound, Duration deadline) throws SQLException {
        return run(connection, bound, deadline, "");
    }

    /** Runs a query with a text for which no statement has been prepared. */
    List<Row> runPreparedAgain(Connection connection, BoundQuery bound, Duration deadline) throws SQLException {
        return run(connection, bound, deadline, PREPARED_AGAIN);
    }

    private List<Row> run(Connection connection, BoundQuery bound, Duration deadline, String suffix)
            throws SQLException {
        Query.Rendered rendered = bound.query().positional();
        try (PreparedStatement statement = connection.prepareStatement(rendered.sql() + suffix)) {
            statement.setQueryTimeout(seconds(deadline));
            dialect.setUp(statement);
            List<String> parameters = rendered.parameters();
            List<@Nullable Object> values = bound.values(rendered);
            for (int index = 0; index < parameters.size(); index++) {
                ParameterType type = bound.query().parameters().get(parameters.get(index));
                if (type != null) {
                    dialect.bind(statement, index + 1, type, values.get(index));
                }
            }
            List<Row> rows = statement.execute() ? rows(statement) : List.of();
            commits.requireReplicated(statement.getWarnings());
            return rows;
        }
    }

    private List<Row> rows(PreparedStatement statement) throws SQLException {
        try (ResultSet result = statement.getResultSet()) {
            return reader.rows(result);
        }
    }

    void runScript(Connection connection, String sql, Duration deadline) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            statement.setQueryTimeout(seconds(deadline));
            statement.execute(sql);
        }
    }

    /** JDBC takes whole seconds, and 0 means no limit. */
    static int seconds(Duration deadline) {
        long roundedUp = deadline.plusNanos(999_999_999).toSeconds();
        return (int) Math.min(Math.max(roundedUp, 1), Integer.MAX_VALUE);
    }
}
