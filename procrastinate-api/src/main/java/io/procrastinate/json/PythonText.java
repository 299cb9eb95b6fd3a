package io.procrastinate.json;

import io.procrastinate.annotation.Internal;
import io.procrastinate.json.JsonReader.Token;
import io.procrastinate.text.Printable;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Shows JSON as Procrastinate for Python does: by the {@code repr} of the Python object.
 *
 * @hidden
 */
@Internal
public final class PythonText {

    private final StringBuilder text = new StringBuilder();
    private final int most;

    private PythonText(int most) {
        this.most = most;
    }

    /**
     * Shows a value: <code>{'a': 1, 'b': [None, True]}</code>. Text that is not JSON is shown as it is, on one line.
     */
    public static String value(String json) {
        PythonText shown = new PythonText(Integer.MAX_VALUE);
        try {
            JsonReader reader = new JsonReader(json);
            shown.value(reader, reader.next());
            return shown.text.toString();
        } catch (JsonReader.MalformedException e) {
            return Printable.text(json);
        }
    }

    /**
     * Shows a job's arguments as those of a call: {@code (a=1, b='x')}. Text that is not a JSON object is shown as it
     * is, on one line.
     */
    public static String call(String json) {
        return call(json, Integer.MAX_VALUE);
    }

    /**
     * Shows a job's arguments as {@link #call(String)}, and reads no more of them than it shows.
     *
     * @param most how many characters of the arguments to show, at least 0
     */
    public static String call(String json, int most) {
        PythonText shown = new PythonText(most);
        try {
            JsonReader reader = new JsonReader(json);
            if (reader.next() == Token.START_OBJECT) {
                shown.elements(reader, Token.END_OBJECT, token -> shown.argument(reader));
                return "(" + Printable.cut(shown.text.toString(), most) + ")";
            }
        } catch (JsonReader.MalformedException e) {
            // Not JSON after all: shown as it is.
        }
        return "(" + Printable.text(json, most) + ")";
    }

    private void argument(JsonReader reader) {
        text.append(Printable.text(reader.text())).append('=');
        value(reader, reader.next());
    }

    private void property(JsonReader reader) {
        repr(reader.text());
        text.append(": ");
        value(reader, reader.next());
    }

    /** Shows the elements up to the end token, separated by commas, as far as there is room. */
    private void elements(JsonReader reader, Token end, Consumer<Token> element) {
        String comma = "";
        while (text.length() <= most) {
            Token token = reader.next();
            if (token == end) {
                return;
            }
            text.append(comma);
            element.accept(token);
            comma = ", ";
        }
    }

    private void value(JsonReader reader, Token token) {
        switch (token) {
            case START_OBJECT -> {
                text.append('{');
                elements(reader, Token.END_OBJECT, name -> property(reader));
                text.append('}');
            }
            case START_ARRAY -> {
                text.append('[');
                elements(reader, Token.END_ARRAY, next -> value(reader, next));
                text.append(']');
            }
            case TEXT -> repr(reader.text());
            case NUMBER -> number(reader.text());
            case TRUE -> text.append("True");
            case FALSE -> text.append("False");
            default -> text.append("None");
        }
    }

    private void number(String digits) {
        boolean whole = digits.chars().allMatch(character -> character == '-' || Character.isDigit(character));
        // A whole number has no sign of zero.
        text.append(whole ? digits.equals("-0") ? "0" : digits : repr(Double.parseDouble(digits)));
    }

    private void repr(String string) {
        String quote = string.contains("'") && !string.contains("\"") ? "\"" : "'";
        text.append(quote);
        Printable.beginning(string, Math.min(string.length(), most))
                .codePoints()
                .forEach(character -> text.append(shown(character, quote)));
        text.append(quote);
    }

    private static String shown(int character, String quote) {
        return switch (character) {
            case '\\' -> "\\\\";
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            case '\'' -> quote.equals("'") ? "\\'" : "'";
            default -> {
                // Of all space characters, Python shows only the ordinary space as itself.
                if (character == ' '
                        || (Printable.isPrintable(character)
                                && Character.getType(character) != Character.SPACE_SEPARATOR)) {
                    yield Character.toString(character);
                }
                yield String.format(
                        character < 0x100 ? "\\x%02x" : character < 0x10000 ? "\\u%04x" : "\\U%08x", character);
            }
        };
    }

    /** In Python a number with a fraction is a double. */
    private static String repr(double number) {
        if (Double.isInfinite(number)) {
            return number > 0 ? "inf" : "-inf";
        }
        if (number == 0) {
            return "0.0";
        }
        BigDecimal exact = new BigDecimal(number);
        BigDecimal shortest = IntStream.rangeClosed(1, 17)
                .mapToObj(digits -> exact.round(new MathContext(digits)))
                .filter(rounded -> rounded.doubleValue() == number)
                .findFirst()
                .orElse(exact)
                .stripTrailingZeros();
        int exponent = shortest.precision() - shortest.scale() - 1;
        if (exponent < -4 || exponent >= 16) {
            return shortest.movePointLeft(exponent).stripTrailingZeros().toPlainString()
                    + String.format(Locale.ROOT, "e%+03d", exponent);
        }
        return shortest.toPlainString() + (shortest.scale() <= 0 ? ".0" : "");
    }
}
