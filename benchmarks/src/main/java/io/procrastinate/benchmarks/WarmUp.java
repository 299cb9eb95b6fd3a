package io.procrastinate.benchmarks;

import java.util.function.IntToDoubleFunction;

/**
 * What a system does before it counts. A JVM compiles meanwhile: how much keeps a system busy for a turn is known only when it is
 * as fast as it becomes, and one that is given too little for its speed goes on being cold.
 */
final class WarmUp {

    /** A little, then about a turn's, and again. */
    private static final int GOES = 3;

    private WarmUp() {}

    /**
     * Has a system go a few times, and answers how much it is to do in its turns.
     *
     * @param seconds how long a turn may take
     * @param first how much it does at first
     * @param least the least of a turn
     * @param most the most of a turn
     * @param rate does so much, and answers how much of it was done in a second
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
