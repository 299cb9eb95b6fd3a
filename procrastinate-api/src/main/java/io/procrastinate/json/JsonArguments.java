package io.procrastinate.json;

import io.procrastinate.annotation.Internal;
import io.procrastinate.exception.InvalidJobException;
import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/**
 * Checks the arguments of a job before they go into the database: one JSON object, with nothing that {@code jsonb}
 * refuses and nothing that this library or Python could not read back.
 *
 * @hidden
 */
@Internal
public final class JsonArguments {

    /**
     * How deep objects and arrays of a deferred job may be nested. Python reads a little less than a thousand levels.
     *
     * @hidden
     */
    @Internal
    public static final int MOST_DEPTH = 500;

    /** How deeply nested arguments can be read: other programs may have stored them. */
    static final int MOST_DEPTH_READ = 2 * MOST_DEPTH;

    /** The most digits that PostgreSQL's numbers have before the decimal point. */
    static final int MOST_WHOLE_DIGITS = 131_072;

    /** The most digits that PostgreSQL's numbers have after the decimal point. */
    static final int MOST_DECIMALS = 16_383;

    static final String LIMITS = MOST_WHOLE_DIGITS + " digits before the decimal point or " + MOST_DECIMALS
            + " after it, which is all that PostgreSQL can store";

    /** The limits are checked here, with messages of our own. */
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(Integer.MAX_VALUE)
                    .maxNumberLength(Integer.MAX_VALUE)
                    .maxStringLength(Integer.MAX_VALUE)
                    .maxNameLength(Integer.MAX_VALUE)
                    .build())
            .build();

    private JsonArguments() {}

    /**
     * The JSON unchanged.
     *
     * @throws InvalidJobException if it is not one object, is deeper than {@value #MOST_DEPTH}, or holds a NUL
     *     character, half a surrogate pair, or a number that is not finite or has more digits than PostgreSQL can
     *     store; the message names the argument
     */
    public static String requireObject(String json) {
        boolean whole = false;
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), json)) {
            JsonToken first = parser.nextToken();
            if (first != JsonToken.START_OBJECT) {
                throw noObject(first);
            }
            for (int depth = 1; depth > 0; ) {
                depth += check(parser, parser.nextToken(), depth);
            }
            whole = true;
            if (parser.nextToken() != null) {
                throw notOneObject("with something after the object");
            }
            return json;
        } catch (JacksonException e) {
            throw whole ? notOneObject("with something after the object") : unreadable(json, e);
        }
    }

    /** Returns by how many levels the token changes the depth. */
    private static int check(JsonParser parser, JsonToken token, int depth) {
        switch (token) {
            case START_OBJECT, START_ARRAY -> {
                if (depth == MOST_DEPTH) {
                    throw new InvalidJobException(argument(parser) + " is nested more than " + MOST_DEPTH
                            + " levels deep, which not every program can read. Make it flatter, or store it"
                            + " elsewhere.");
                }
                return 1;
            }
            case END_OBJECT, END_ARRAY -> {
                return -1;
            }
            case PROPERTY_NAME -> checkText(parser, parser.currentName());
            case VALUE_STRING -> checkText(parser, parser.getString());
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> checkNumber(parser);
            default -> {}
        }
        return 0;
    }

    private static void checkText(JsonParser parser, String text) {
        for (int index = 0; index < text.length(); index++) {
            char character = text.charAt(index);
            if (character == 0) {
                throw new InvalidJobException(argument(parser)
                        + " holds a NUL character (U+0000), which PostgreSQL cannot store in JSON. Remove it.");
            }
            if (Character.isSurrogate(character)) {
                if (Character.isLowSurrogate(character)
                        || index + 1 == text.length()
                        || !Character.isLowSurrogate(text.charAt(index + 1))) {
                    throw new InvalidJobException(
                            argument(parser) + " holds half a surrogate pair, which is not Unicode text. Remove it.");
                }
                index++;
            }
        }
    }

    private static void checkNumber(JsonParser parser) {
        // Most numbers are short and without an exponent.
        if (parser.getStringLength() > 300 || parser.currentToken() == JsonToken.VALUE_NUMBER_FLOAT) {
            if (!isStorable(parser.getString())) {
                throw new InvalidJobException(argument(parser) + " is a number with more than " + LIMITS
                        + ". Round it, or write it as a text.");
            }
        }
    }

    /** Whether PostgreSQL can store a number. */
    static boolean isStorable(BigDecimal number) {
        return number.scale() <= MOST_DECIMALS
                && (number.signum() == 0 || (long) number.precision() - number.scale() <= MOST_WHOLE_DIGITS);
    }

    /** Counts digits in the text of the number: parsing millions of digits or a huge exponent would be expensive. */
    private static boolean isStorable(String number) {
        int from = number.startsWith("-") ? 1 : 0;
        int to = Math.max(number.indexOf('e'), number.indexOf('E'));
        String mantissa = number.substring(from, to < 0 ? number.length() : to);
        String exponent = to < 0 ? "0" : number.substring(to + 1);
        if (exponent.length() > 10) {
            return false;
        }
        int point = mantissa.indexOf('.');
        String digits = point < 0 ? mantissa : mantissa.substring(0, point) + mantissa.substring(point + 1);
        long whole = (point < 0 ? digits.length() : point) + Long.parseLong(exponent);
        int zeros = 0;
        while (zeros < digits.length() && digits.charAt(zeros) == '0') {
            zeros++;
        }
        boolean zero = zeros == digits.length();
        return digits.length() - whole <= MOST_DECIMALS && (zero || whole - zeros <= MOST_WHOLE_DIGITS);
    }

    /** The argument at the parser's position, by its path. */
    private static String argument(JsonParser parser) {
        String path = parser.streamReadContext().pathAsPointer().toString().replaceFirst("^/", "");
        String shown = path.replaceAll("[\\p{Cntrl}\\p{Cs}]", "?");
        return "The argument '" + (shown.length() > 100 ? shown.substring(0, 100) + "..." : shown) + "'";
    }

    private static InvalidJobException noObject(@Nullable JsonToken first) {
        String found = first == null
                ? "nothing"
                : switch (first) {
                    case START_ARRAY -> "an array";
                    case VALUE_STRING -> "a text";
                    case VALUE_TRUE, VALUE_FALSE -> "a boolean";
                    case VALUE_NULL -> "null";
                    case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
                    default -> "something else";
                };
        return new InvalidJobException("The arguments of a job must be a JSON object, so that they have names. Found "
                + found + ". Use a record, or a map with text keys.");
    }

    /** In a batch the text becomes part of a larger one: it must not end before its own end. */
    private static InvalidJobException notOneObject(String found) {
        return new InvalidJobException(
                "The arguments of a job must be one whole JSON object. Found a text " + found + ". Correct the JSON.");
    }

    private static InvalidJobException unreadable(String json, JacksonException failure) {
        if (json.indexOf('\0') >= 0) {
            return new InvalidJobException(
                    "The arguments hold a NUL character (U+0000), which PostgreSQL cannot store in JSON. Remove it.");
        }
        String message = failure.getOriginalMessage();
        if (message.contains("'NaN'") || message.contains("Infinity'")) {
            return new InvalidJobException("The arguments hold NaN or an infinite number, which JSON cannot express."
                    + " Use null or a text instead.");
        }
        return notOneObject("that is no JSON (" + message + ")");
    }
}
