package com.example.shop;

import org.springframework.data.jpa.repository.JpaRepository;

/** The orders. */
public interface Orders extends JpaRepository<PurchaseOrder, Long> {}
