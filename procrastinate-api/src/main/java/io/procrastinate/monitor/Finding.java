package io.procrastinate.monitor;

import org.jspecify.annotations.Nullable;

/** What one check of {@link io.procrastinate.App#examine()} found. Immutable. */
public final class Finding {

    private final String code;
    private final Severity severity;
    private final String found;
    private final @Nullable String advice;

    private Finding(String code, Severity severity, String found, @Nullable String advice) {
        this.code = code;
        this.severity = severity;
        this.found = found;
        this.advice = advice;
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
        return new Finding(code, Severity.OK, found, null);
    }

    static Finding warn(String code, String found, String advice) {
        return new Finding(code, Severity.WARN, found, advice);
    }

    /** Without advice if what was found, an exception's message, has it. */
    static Finding fail(String code, String found, @Nullable String advice) {
        return new Finding(code, Severity.FAIL, found, advice);
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

    /** What was found; for people, the words may change. It may contain text of the server, such as names. */
    public String found() {
        return found;
    }

    /** What to do, in sentences for people; null if nothing is to be done, or if {@link #found()} says it. */
    public @Nullable String advice() {
        return advice;
    }

    /** What was found and, if that is a problem, what to do; for people, the words may change. */
    public String text() {
        return advice == null ? found : found + ". " + advice;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Finding that
                && code.equals(that.code)
                && severity == that.severity
                && text().equals(that.text());
    }

    @Override
    public int hashCode() {
        return code.hashCode() * 31 + text().hashCode();
    }

    @Override
    public String toString() {
        return severity + " " + code + ": " + text();
    }
}
