package io.procrastinate.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PrintableTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "`mail.send` | mail.send",
                "`C:\\dir 'a' \"b\"` | C:\\dir 'a' \"b\"",
                "`Z\u00fcrich\u00a0\u20ac \u6771\u4eac \ud83d\ude00` | Z\u00fcrich\u00a0\u20ac \u6771\u4eac \ud83d\ude00",
                "`a\nERROR b\r\tc` | a\\nERROR b\\r\\tc",
                "`\u001b[2J\u0007\u0000\u007f\u009b` | \\u001b[2J\\u0007\\u0000\\u007f\\u009b",
                "`a\u2028b\u2029c\u0085d` | a\\u2028b\\u2029c\\u0085d",
                "`\u202egnp.exe\u2066x\u200b\ufeff` | \\u202egnp.exe\\u2066x\\u200b\\ufeff",
                "`\ud800x\udc00` | \\ud800x\\udc00",
                "`\udb40\udc01` | \\udb40\\udc01",
            })
    void showsATextOnOneLine(String text, String shown) {
        assertThat(Printable.text(text)).isEqualTo(shown);
    }

    @Test
    void cutsATextBetweenItsCharacters() {
        assertThat(Printable.text("abc", 3)).isEqualTo("abc");
        assertThat(Printable.text("abcd", 3)).isEqualTo("abc[...]");
        assertThat(Printable.text("ab\ud83d\ude00", 3)).isEqualTo("ab[...]");
        assertThat(Printable.text("ab", 0)).isEqualTo("[...]");
        assertThat(Printable.text("", 0)).isEmpty();
    }

    @Test
    void indentsFurtherLinesSoThatNonePassesForOneOfItsOwn() {
        assertThat(Printable.lines("ERROR: no\n  Position: 3\nOK\u001b"))
                .isEqualTo("ERROR: no\n    Position: 3\n  OK\\u001b");
        assertThat(Printable.lines("one")).isEqualTo("one");
    }

    @Test
    void showsAFailureByItsClassAndItsMessage() {
        assertThat(Printable.failure(new IllegalStateException("a\nb")))
                .isEqualTo("java.lang.IllegalStateException: a\\nb");
        assertThat(Printable.failure(new IllegalStateException())).isEqualTo("java.lang.IllegalStateException");
        assertThat(Printable.failure(new IllegalStateException("x".repeat(5_000_000))))
                .hasSizeLessThan(1100);
        assertThat(Printable.failure(new Broken(false)))
                .isEqualTo(Broken.class.getName() + ", whose message cannot be read: java.lang.StackOverflowError");
    }

    @Test
    void givesALogWhatItCanShow() {
        IllegalStateException plain = new IllegalStateException("plain", new IllegalArgumentException("why"));
        IllegalStateException inner = new IllegalStateException("inner");
        IllegalStateException circle = new IllegalStateException("outer", inner);
        inner.initCause(circle);

        assertThat(Printable.loggable(plain)).isSameAs(plain);
        assertThat(Printable.loggable(circle)).isSameAs(circle);
        for (Throwable broken : new Throwable[] {
            new Broken(false), new Broken(true), new IllegalStateException("outer", new Broken(false))
        }) {
            StringWriter shown = new StringWriter();
            Printable.loggable(broken).printStackTrace(new PrintWriter(shown, true));
            assertThat(shown.toString()).contains(broken.getClass().getName(), "PrintableTest");
        }
    }

    /** Its message, or its cause, cannot be read. */
    private static final class Broken extends RuntimeException {

        private static final long serialVersionUID = 1L;

        private final boolean speaks;

        Broken(boolean speaks) {
            this.speaks = speaks;
        }

        @Override
        public String getMessage() {
            if (speaks) {
                return "spoken";
            }
            throw new StackOverflowError("in getMessage");
        }

        @Override
        public synchronized @Nullable Throwable getCause() {
            throw new IllegalStateException("in getCause");
        }
    }
}
