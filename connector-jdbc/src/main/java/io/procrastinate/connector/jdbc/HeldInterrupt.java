package io.procrastinate.connector.jdbc;

import java.util.concurrent.Callable;

/**
 * Keeps interrupts away from a call, and for the thread: pools and drivers break off at one, and leave the caller in doubt whether
 * his statement was done. Used by one thread.
 */
final class HeldInterrupt {

    private boolean held = Thread.interrupted();

    /** Calls without the interrupt that the thread may have, and leaves it interrupted. */
    static <T> T during(Callable<T> call) throws Exception {
        HeldInterrupt interrupt = new HeldInterrupt();
        try {
            return call.call();
        } finally {
            interrupt.release();
        }
    }

    /** Keeps one more, of which an exception has told. */
    void keep() {
        held = true;
        Thread.interrupted();
    }

    /** Interrupts the thread, if it was. */
    void release() {
        if (held) {
            Thread.currentThread().interrupt();
        }
    }
}
