package com.example.shop;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** A small shop, whose orders are confirmed by jobs. */
@SpringBootApplication
public class Shop {

    /** Runs it. */
    public static void main(String[] args) {
        SpringApplication.run(Shop.class, args);
    }
}
