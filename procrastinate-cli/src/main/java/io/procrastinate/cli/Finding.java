package io.procrastinate.cli;

/**
 * What the doctor found in one check.
 *
 * @param check what was looked at
 * @param verdict how it is
 * @param found what was found, and, where it is not well, what to do
 */
record Finding(String check, Verdict verdict, String found) {

    /** How something is. */
    enum Verdict {
        OK,
        WARN,
        FAIL
    }

    static Finding ok(String check, String found) {
        return new Finding(check, Verdict.OK, found);
    }

    static Finding warn(String check, String found) {
        return new Finding(check, Verdict.WARN, found);
    }

    static Finding fail(String check, String found) {
        return new Finding(check, Verdict.FAIL, found);
    }
}
