package com.example.shop;

import io.procrastinate.task.ProcrastinateTask;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** What happens to orders in the background. */
@Component
public class OrderTasks {

    private static final Logger LOGGER = LoggerFactory.getLogger(OrderTasks.class);

    private final Orders orders;

    OrderTasks(Orders orders) {
        this.orders = orders;
    }

    /** Confirms an order. */
    @Transactional
    @ProcrastinateTask(name = "order.confirm", queue = "orders", retries = 5, retryExponentialWait = "2s")
    public void confirm(long order) {
        orders.findById(order).orElseThrow().confirm();
    }

    /** Counts the orders, each night unless a property says otherwise. */
    @ProcrastinateTask(name = "orders.report", cron = "${shop.report:0 3 * * *}", zone = "Europe/Paris")
    public void report() {
        LOGGER.info("{} orders", orders.count());
    }
}
