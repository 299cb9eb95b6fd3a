package io.procrastinate.benchmarks;

import java.util.function.IntToDoubleFunction;

/**
 * Warms a system up before its results count. A JVM compiles meanwhile: the right amount for a turn is known only at
 * full speed, and a system with too little work stays cold.
 */
final class WarmUp {

    /** A little, then about a turn's amount, and again. */
    private static final int GOES = 3;

    private WarmUp() {}

    /**
     * Runs a system a few times, and returns the amount for its turns.
     *
     * @param seconds how long a turn may take
     * @param first the first amount
     * @param least the least of a turn
     * @param most the most of a turn
     * @param rate does an amount, and returns how much of it was done in a second
     */
    static int amount(double seconds, int first, int least, int most, IntToDoubleFunction rate) {
        int amount = first;
        for (int go = 0; go < GOES; go++) {
            int enough = (int) (rate.applyAsDouble(amount) * seconds);
            amount = Math.max(least, Math.min(most, enough));
        }
        return amount;
    }
}
