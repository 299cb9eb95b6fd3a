package io.procrastinate.json;

import io.procrastinate.exception.InvalidJobException;

/**
 * Checks the arguments of a job as they go into the database: one JSON object, of nothing that {@code jsonb} refuses. Only
 * what the server could not check, or would answer in words that lead nowhere, is looked at here.
 */
public final class JsonArguments {

    private JsonArguments() {}

    /**
     * Answers the JSON unchanged.
     *
     * @throws InvalidJobException when it is not one object, or holds a NUL character, half a surrogate pair, or a number that
     *     is not finite
     */
    public static String requireObject(String json) {
        String text = json.strip();
        if (!text.startsWith("{") || !text.endsWith("}")) {
            throw new InvalidJobException(
                    "The arguments of a job must be a JSON object, so that they have names. Found " + kind(text)
                            + ". Use a record, or a map with text keys.");
        }
        checkCharacters(text);
        return json;
    }

    private static void checkCharacters(String json) {
        boolean inString = false;
        int depth = 0;
        int last = json.length() - 1;
        for (int index = 0; index < json.length(); index++) {
            char character = json.charAt(index);
            if (character == '"') {
                inString = !inString;
            } else if (character == '\\') {
                if (json.startsWith("u0000", index + 1)) {
                    throw nul();
                }
                index++;
            } else if (character == 0) {
                throw nul();
            } else if (inString) {
                index += surrogate(json, index);
            } else if (character == 'N' || character == 'I') {
                throw new InvalidJobException("The arguments hold NaN or an infinite number, which JSON cannot say."
                        + " Use null or a text instead.");
            } else {
                depth += nesting(character);
            }
            if (depth == 0 && index < last) {
                throw notOneObject();
            }
        }
        if (depth != 0 || inString) {
            throw notOneObject();
        }
    }

    private static int nesting(char character) {
        return switch (character) {
            case '{', '[' -> 1;
            case '}', ']' -> -1;
            default -> 0;
        };
    }

    /** In a batch the text stands within a larger one: its end must be where it seems to be. */
    private static InvalidJobException notOneObject() {
        return new InvalidJobException(
                "The arguments of a job must be one whole JSON object. Found a text whose braces,"
                        + " brackets or quotes do not match, or that goes on after the object. Correct the JSON.");
    }

    /** How many characters more belong to the one at the index. */
    private static int surrogate(String json, int index) {
        char character = json.charAt(index);
        if (!Character.isSurrogate(character)) {
            return 0;
        }
        if (Character.isHighSurrogate(character)
                && index + 1 < json.length()
                && Character.isLowSurrogate(json.charAt(index + 1))) {
            return 1;
        }
        throw new InvalidJobException("The arguments hold half a surrogate pair, which is no Unicode text. Remove it.");
    }

    private static InvalidJobException nul() {
        return new InvalidJobException(
                "The arguments hold a NUL character (U+0000), which PostgreSQL cannot store in JSON. Remove it.");
    }

    private static String kind(String json) {
        if (json.isEmpty()) {
            return "nothing";
        }
        return switch (json.charAt(0)) {
            case '[' -> "an array";
            case '"' -> "a text";
            case 't', 'f' -> "a boolean";
            case 'n' -> "null";
            default -> "a number or something else";
        };
    }
}
