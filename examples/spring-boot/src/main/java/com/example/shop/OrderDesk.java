package com.example.shop;

import io.procrastinate.spring.ProcrastinateTemplate;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** Takes orders. */
@Service
public class OrderDesk {

    private final Orders orders;
    private final ProcrastinateTemplate queue;

    OrderDesk(Orders orders, ProcrastinateTemplate queue) {
        this.orders = orders;
        this.queue = queue;
    }

    /** Stores an order and the job that confirms it: both, or neither. */
    @Transactional
    public PurchaseOrder place(String customer) {
        PurchaseOrder order = orders.save(new PurchaseOrder(customer));
        queue.defer(OrderTasks::confirm, order.getId());
        if (customer.isBlank()) {
            throw new IllegalArgumentException("An order needs a customer");
        }
        return order;
    }
}
