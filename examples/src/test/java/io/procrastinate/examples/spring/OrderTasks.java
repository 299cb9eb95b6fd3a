package io.procrastinate.examples.spring;

import io.procrastinate.task.ProcrastinateTask;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** Tasks are methods of a bean; their dependencies are injected. */
@Component
class OrderTasks {

    private final JdbcTemplate jdbc;

    OrderTasks(JdbcTemplate jdbc) {
        this.jdbc = jdbc;
    }

    @Transactional
    @ProcrastinateTask(name = "order.confirm", queue = "orders", retries = 3)
    public void confirm(long order) {
        jdbc.update("UPDATE orders SET confirmed = true WHERE id = ?", order);
    }
}
