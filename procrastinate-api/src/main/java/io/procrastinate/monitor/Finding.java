package io.procrastinate.monitor;

import org.jspecify.annotations.Nullable;

/** What one check of {@link io.procrastinate.App#examine()} found. Immutable. */
public final class Finding {

    private final String code;
    private final Severity severity;
    private final String text;

    private Finding(String code, Severity severity, String text) {
        this.code = code;
        this.severity = severity;
        this.text = text;
    }

    /** How bad it is. */
    public enum Severity {
        /** Nothing is wrong. */
        OK,
        /** Jobs are worked, but slowly, late, or not all of them. */
        WARN,
        /** The queue does not work. */
        FAIL
    }

    static Finding ok(String code, String found) {
        return new Finding(code, Severity.OK, found);
    }

    static Finding warn(String code, String found) {
        return new Finding(code, Severity.WARN, found);
    }

    static Finding fail(String code, String found) {
        return new Finding(code, Severity.FAIL, found);
    }

    /**
     * What was checked, the same in every release: {@code connection}, {@code primary}, {@code clock}, {@code schema},
     * {@code parts}, {@code layout}, {@code workers}, {@code dead-workers}, {@code stalled-jobs}, {@code dead-rows},
     * {@code oldest-transaction}, {@code notifications}. Later releases may add others.
     */
    public String code() {
        return code;
    }

    /** How bad it is. */
    public Severity severity() {
        return severity;
    }

    /** What was found and, if that is a problem, what to do; for people, the words may change. */
    public String text() {
        return text;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Finding that
                && code.equals(that.code)
                && severity == that.severity
                && text.equals(that.text);
    }

    @Override
    public int hashCode() {
        return code.hashCode() * 31 + text.hashCode();
    }

    @Override
    public String toString() {
        return severity + " " + code + ": " + text;
    }
}
