package com.example.shop;

import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** The shop's door to the web. */
@RestController
public class OrderController {

    private final OrderDesk desk;
    private final Orders orders;

    OrderController(OrderDesk desk, Orders orders) {
        this.desk = desk;
        this.orders = orders;
    }

    /** Takes an order. */
    @PostMapping("/orders")
    public PurchaseOrder place(@RequestParam("customer") String customer) {
        return desk.place(customer);
    }

    /** Shows an order. */
    @GetMapping("/orders/{id}")
    public PurchaseOrder show(@PathVariable("id") long id) {
        return orders.findById(id).orElseThrow();
    }

    /** A request that is not right. */
    @ExceptionHandler(IllegalArgumentException.class)
    @ResponseStatus(HttpStatus.BAD_REQUEST)
    public String refuse(IllegalArgumentException refusal) {
        return refusal.getMessage();
    }
}
