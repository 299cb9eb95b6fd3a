package io.procrastinate.examples.spring;

import io.procrastinate.App;
import java.util.Map;
import java.util.Objects;
import org.springframework.jdbc.core.ConnectionCallback;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** Defers inside Spring's transaction. */
@Service
class OrderService {

    private final JdbcTemplate jdbc;
    private final App queue;

    OrderService(JdbcTemplate jdbc, App queue) {
        this.jdbc = jdbc;
        this.queue = queue;
    }

    @Transactional
    public long place(String customer) {
        long order = Objects.requireNonNull(
                jdbc.queryForObject("INSERT INTO orders (customer) VALUES (?) RETURNING id", Long.class, customer));
        jdbc.execute((ConnectionCallback<Long>) connection ->
                queue.configureTask("order.confirm").on(connection).defer(Map.of("order", order)));
        if (customer.isBlank()) {
            throw new IllegalArgumentException("An order needs a customer");
        }
        return order;
    }
}
