package io.procrastinate.json;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;
import java.util.stream.IntStream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Shows JSON to people as Procrastinate for Python does: by the {@code repr} of what Python makes of it. */
public final class PythonText {

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();

    /** Characters that Python does not print: controls, what has no glyph, and blanks other than the space. */
    private static final List<Byte> ESCAPED = List.of(
            Character.CONTROL,
            Character.FORMAT,
            Character.SURROGATE,
            Character.PRIVATE_USE,
            Character.UNASSIGNED,
            Character.LINE_SEPARATOR,
            Character.PARAGRAPH_SEPARATOR,
            Character.SPACE_SEPARATOR);

    private PythonText() {}

    /** Shows a value: <code>{'a': 1, 'b': [None, True]}</code>. What is no JSON is shown as it is. */
    public static String value(String json) {
        try {
            return repr(MAPPER.readTree(json));
        } catch (JacksonException e) {
            return json;
        }
    }

    /** Shows a job's arguments as those of a call: {@code (a=1, b='x')}. What is no JSON object is shown as it is. */
    public static String call(String json) {
        try {
            JsonNode arguments = MAPPER.readTree(json);
            if (arguments.isObject()) {
                StringJoiner call = new StringJoiner(", ", "(", ")");
                arguments.properties().forEach(entry -> call.add(entry.getKey() + "=" + repr(entry.getValue())));
                return call.toString();
            }
        } catch (JacksonException e) {
            // Only for people to read: shown as it is.
        }
        return "(" + json + ")";
    }

    private static String repr(JsonNode node) {
        return switch (node.getNodeType()) {
            case OBJECT -> {
                StringJoiner object = new StringJoiner(", ", "{", "}");
                node.properties().forEach(entry -> object.add(repr(entry.getKey()) + ": " + repr(entry.getValue())));
                yield object.toString();
            }
            case ARRAY -> {
                StringJoiner array = new StringJoiner(", ", "[", "]");
                node.values().forEach(element -> array.add(repr(element)));
                yield array.toString();
            }
            case STRING -> repr(node.stringValue());
            case NUMBER -> node.isIntegralNumber() ? node.bigIntegerValue().toString() : repr(node.decimalValue());
            case BOOLEAN -> node.booleanValue() ? "True" : "False";
            case NULL, MISSING, BINARY, POJO -> "None";
        };
    }

    private static String repr(String text) {
        String quote = text.contains("'") && !text.contains("\"") ? "\"" : "'";
        StringBuilder repr = new StringBuilder(quote);
        text.codePoints().forEach(character -> repr.append(shown(character, quote)));
        return repr.append(quote).toString();
    }

    private static String shown(int character, String quote) {
        return switch (character) {
            case '\\' -> "\\\\";
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            case '\'' -> quote.equals("'") ? "\\'" : "'";
            default -> {
                if (character == ' ' || !ESCAPED.contains((byte) Character.getType(character))) {
                    yield Character.toString(character);
                }
                yield String.format(
                        character < 0x100 ? "\\x%02x" : character < 0x10000 ? "\\u%04x" : "\\U%08x", character);
            }
        };
    }

    /** A number with a fraction is a double there. */
    private static String repr(BigDecimal decimal) {
        double number = decimal.doubleValue();
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
