package io.procrastinate.json;

import io.procrastinate.annotation.Internal;
import io.procrastinate.exception.InvalidJobException;
import java.math.BigDecimal;

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

    /**
     * How deeply nested arguments can be read: other programs may have stored them.
     *
     * @hidden
     */
    @Internal
    public static final int MOST_DEPTH_READ = 2 * MOST_DEPTH;

    /** The most digits that PostgreSQL's numbers have before the decimal point. */
    static final int MOST_WHOLE_DIGITS = 131_072;

    /** The most digits that PostgreSQL's numbers have after the decimal point. */
    static final int MOST_DECIMALS = 16_383;

    /**
     * The limits as part of a sentence.
     *
     * @hidden
     */
    @Internal
    public static final String LIMITS = MOST_WHOLE_DIGITS + " digits before the decimal point or " + MOST_DECIMALS
            + " after it, which is all that PostgreSQL can store";

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
        JsonReader reader = new JsonReader(json);
        try {
            JsonReader.Token first = json.isBlank() ? JsonReader.Token.END : reader.next();
            if (first != JsonReader.Token.START_OBJECT) {
                throw noObject(first);
            }
            for (int depth = 1; depth > 0; ) {
                depth += check(reader, reader.next(), depth);
            }
            whole = true;
            reader.next();
            return json;
        } catch (JsonReader.MalformedException e) {
            throw whole ? notOneObject("with something after the object") : unreadable(json, reader, e);
        }
    }

    /** Returns by how many levels the token changes the depth. */
    private static int check(JsonReader reader, JsonReader.Token token, int depth) {
        switch (token) {
            case START_OBJECT, START_ARRAY -> {
                if (depth == MOST_DEPTH) {
                    throw new InvalidJobException(argument(reader) + " is nested more than " + MOST_DEPTH
                            + " levels deep, which not every program can read. Make it flatter, or store it"
                            + " elsewhere.");
                }
                return 1;
            }
            case END_OBJECT, END_ARRAY -> {
                return -1;
            }
            case NAME, TEXT -> checkText(reader, reader.text());
            case NUMBER -> checkNumber(reader, reader.text());
            default -> {}
        }
        return 0;
    }

    private static void checkText(JsonReader reader, String text) {
        for (int index = 0; index < text.length(); index++) {
            char character = text.charAt(index);
            if (character == 0) {
                throw new InvalidJobException(argument(reader)
                        + " holds a NUL character (U+0000), which PostgreSQL cannot store in JSON. Remove it.");
            }
            if (Character.isSurrogate(character)) {
                if (Character.isLowSurrogate(character)
                        || index + 1 == text.length()
                        || !Character.isLowSurrogate(text.charAt(index + 1))) {
                    throw new InvalidJobException(
                            argument(reader) + " holds half a surrogate pair, which is not Unicode text. Remove it.");
                }
                index++;
            }
        }
    }

    private static void checkNumber(JsonReader reader, String number) {
        if (!isStorable(number)) {
            throw new InvalidJobException(
                    argument(reader) + " is a number with more than " + LIMITS + ". Round it, or write it as a text.");
        }
    }

    /** Whether PostgreSQL can store a number. */
    public static boolean isStorable(BigDecimal number) {
        return number.scale() <= MOST_DECIMALS
                && (number.signum() == 0 || (long) number.precision() - number.scale() <= MOST_WHOLE_DIGITS);
    }

    /** Counts digits in the text of the number: parsing millions of digits or a huge exponent would be expensive. */
    private static boolean isStorable(String number) {
        if (number.length() < 20 && number.indexOf('e') < 0 && number.indexOf('E') < 0) {
            return true;
        }
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

    /** The argument at the reader's position, by its path. */
    private static String argument(JsonReader reader) {
        String shown = reader.path().replaceAll("[\\p{Cntrl}\\p{Cs}]", "?");
        return "The argument '" + (shown.length() > 100 ? shown.substring(0, 100) + "..." : shown) + "'";
    }

    private static InvalidJobException noObject(JsonReader.Token first) {
        String found = switch (first) {
            case END -> "nothing";
            case START_ARRAY -> "an array";
            case TEXT -> "a text";
            case TRUE, FALSE -> "a boolean";
            case NULL -> "null";
            case NUMBER -> "a number";
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

    private static InvalidJobException unreadable(
            String json, JsonReader reader, JsonReader.MalformedException failure) {
        if (json.indexOf('\0') >= 0) {
            return new InvalidJobException(
                    "The arguments hold a NUL character (U+0000), which PostgreSQL cannot store in JSON. Remove it.");
        }
        if (reader.isAtSpecialNumber()) {
            return new InvalidJobException("The arguments hold NaN or an infinite number, which JSON cannot express."
                    + " Use null or a text instead.");
        }
        return notOneObject("that is no JSON (" + failure.getMessage() + ")");
    }
}
