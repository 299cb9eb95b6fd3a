package com.example.shop;

import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;

/** What a customer has ordered. */
@Entity
public class PurchaseOrder {

    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    private Long id;

    private String customer;
    private boolean confirmed;

    /** For Hibernate. */
    protected PurchaseOrder() {}

    PurchaseOrder(String customer) {
        this.customer = customer;
    }

    /** The number of the order. */
    public Long getId() {
        return id;
    }

    /** Who ordered. */
    public String getCustomer() {
        return customer;
    }

    /** Whether the customer knows that the order will be sent. */
    public boolean isConfirmed() {
        return confirmed;
    }

    void confirm() {
        confirmed = true;
    }
}
