package io.procrastinate.connector.jdbc;

import java.util.concurrent.Callable;

/**
 * Keeps an interrupt away from a call and restores it afterwards: interrupted pools and drivers break off, which leaves
 * unknown whether the statement was executed. Not thread-safe.
 */
final class HeldInterrupt {

    private boolean held = Thread.interrupted();

    /** Makes a call while the thread's interrupt, if any, is cleared, and restores the interrupt. */
    static <T> T during(Callable<T> call) throws Exception {
        HeldInterrupt interrupt = new HeldInterrupt();
        try {
            return call.call();
        } finally {
            interrupt.release();
        }
    }

    /** Keeps another interrupt, reported by an exception. */
    void keep() {
        held = true;
        Thread.interrupted();
    }

    /** Interrupts the thread again if it was interrupted. */
    void release() {
        if (held) {
            Thread.currentThread().interrupt();
        }
    }
}
