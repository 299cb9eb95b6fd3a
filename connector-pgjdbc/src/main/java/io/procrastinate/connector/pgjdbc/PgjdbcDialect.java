package io.procrastinate.connector.pgjdbc;

import io.procrastinate.connector.jdbc.JdbcDialect;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** Where the PostgreSQL JDBC driver tells more than JDBC does. */
final class PgjdbcDialect implements JdbcDialect {

    @Override
    public @Nullable String constraint(SQLException failure) {
        ServerErrorMessage message = failure instanceof PSQLException e ? e.getServerErrorMessage() : null;
        return message == null ? JdbcDialect.super.constraint(failure) : message.getConstraint();
    }
}
