package io.procrastinate.connector.pgjdbc;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.jdbc.JdbcDialect;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLWarning;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGStatement;
import org.postgresql.util.PSQLException;
import org.postgresql.util.PSQLWarning;
import org.postgresql.util.ServerErrorMessage;

/** Uses what the PostgreSQL JDBC driver reports beyond JDBC. */
final class PgjdbcDialect implements JdbcDialect {

    /** Loads the driver, so that a missing one is noticed when the connector is created. */
    private final Class<PGStatement> driversStatement = PGStatement.class;

    private final boolean preparedStatements;

    PgjdbcDialect(ConnectorSettings settings) {
        this.preparedStatements = settings.preparedStatements();
    }

    /** Applies to the application's connections too, which may be configured differently. */
    @Override
    public void setUp(PreparedStatement statement) throws SQLException {
        if (!preparedStatements && statement.isWrapperFor(driversStatement)) {
            statement.unwrap(driversStatement).setPrepareThreshold(0);
        }
    }

    @Override
    public @Nullable String constraint(SQLException failure) {
        ServerErrorMessage message = failure instanceof PSQLException e ? e.getServerErrorMessage() : null;
        return message == null ? JdbcDialect.super.constraint(failure) : message.getConstraint();
    }

    @Override
    public @Nullable String routine(SQLWarning warning) {
        ServerErrorMessage message = warning instanceof PSQLWarning e ? e.getServerErrorMessage() : null;
        return message == null ? null : message.getRoutine();
    }
}
