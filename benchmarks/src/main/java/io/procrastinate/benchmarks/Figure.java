package io.procrastinate.benchmarks;

/**
 * One thing that is measured of every system.
 *
 * @param measure which measurement it is of
 * @param variant under which circumstances, such as the concurrency
 * @param unit what is counted
 * @param better whether more or less of it is better
 */
record Figure(String measure, String variant, String unit, Better better) {

    /** Which way is better. */
    enum Better {
        MORE,
        LESS
    }

    String title() {
        return measure + (variant.isEmpty() ? "" : ", " + variant) + ": " + unit;
    }
}
