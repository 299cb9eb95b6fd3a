package io.procrastinate.benchmarks;

/**
 * One thing that is measured of every system.
 *
 * @param measure the measurement
 * @param variant the circumstances, such as the concurrency
 * @param unit what is counted
 * @param better whether more or less of it is better
 */
record Figure(String measure, String variant, String unit, Better better) {

    /** Whether more or less is better. */
    enum Better {
        MORE,
        LESS
    }

    String title() {
        return measure + (variant.isEmpty() ? "" : ", " + variant) + ": " + unit;
    }
}
