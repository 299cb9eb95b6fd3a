package io.procrastinate.examples;

import io.procrastinate.App;
import io.procrastinate.task.Task;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import javax.sql.DataSource;

/**
 * Defers inside the application's own transaction: either both the order and the job that confirms it exist, or
 * neither.
 */
final class Orders {

    record Confirmation(long order) {}

    private final DataSource dataSource;
    private final Task<Confirmation> confirm;

    Orders(App app, DataSource dataSource) {
        this.dataSource = dataSource;
        this.confirm = app.task("confirm", Confirmation.class).call(args -> "order " + args.order() + " is confirmed");
    }

    void place(String customer) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                long order = insert(connection, customer);
                confirm.configure().on(connection).defer(new Confirmation(order));
                connection.commit();
            } catch (SQLException | RuntimeException e) {
                connection.rollback();
                throw e;
            }
        }
    }

    private static long insert(Connection connection, String customer) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("INSERT INTO orders (customer) VALUES (?) RETURNING id")) {
            statement.setString(1, customer);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }
}
