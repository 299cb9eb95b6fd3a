package io.procrastinate.cli;

/**
 * What the doctor found in one check.
 *
 * @param check what was checked
 * @param verdict the result
 * @param found what was found and, if that is a problem, what to do
 */
record Finding(String check, Verdict verdict, String found) {

    /** The result of a check. */
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
