package io.procrastinate.json;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Reads JSON (RFC 8259, and nothing else) piece by piece, so that what the queue itself reads needs no library. Numbers
 * stay text, of any length; objects and arrays are nested up to {@value JsonArguments#MOST_DEPTH_READ} levels deep, since
 * callers use the stack. Not thread-safe.
 */
final class JsonReader {

    /** A piece of the text; a name is one too, and comes before its value. */
    enum Token {
        START_OBJECT,
        END_OBJECT,
        START_ARRAY,
        END_ARRAY,
        NAME,
        TEXT,
        NUMBER,
        TRUE,
        FALSE,
        NULL,
        /** Nothing follows the value. */
        END
    }

    /** The text is no JSON from a position on. */
    static final class MalformedException extends IllegalArgumentException {

        private static final long serialVersionUID = 1L;

        private MalformedException(String message) {
            super(message);
        }
    }

    /** An open object or array, with what is open within it. */
    private static final class Level {

        final boolean object;
        long elements;
        String name = "";

        Level(boolean object) {
            this.object = object;
        }
    }

    private final String json;
    private final Deque<Level> levels = new ArrayDeque<>();
    private int position;
    private boolean nameRead;
    private boolean valueRead;
    private String text = "";

    JsonReader(String json) {
        this.json = json;
    }

    /**
     * Reads the next piece.
     *
     * @throws MalformedException if it is no JSON
     */
    Token next() {
        skipSpace();
        Level level = levels.peek();
        if (level == null) {
            if (!valueRead) {
                return value();
            }
            if (position < json.length()) {
                throw malformed("the end");
            }
            return Token.END;
        }
        if (nameRead) {
            nameRead = false;
            return value();
        }
        if (peek() == (level.object ? '}' : ']')) {
            position++;
            levels.pop();
            valueRead = true;
            return level.object ? Token.END_OBJECT : Token.END_ARRAY;
        }
        if (level.elements++ > 0) {
            require(',', level.object ? "',' or '}'" : "',' or ']'");
            skipSpace();
        }
        return level.object ? name(level) : value();
    }

    /** Returns the text, the name or the digits of the piece read last. */
    String text() {
        return text;
    }

    /** Returns where the piece read last is: names and indexes, outermost first, separated by slashes. */
    String path() {
        StringBuilder path = new StringBuilder();
        levels.descendingIterator().forEachRemaining(level -> {
            if (level.elements > 0) {
                path.append(path.isEmpty() ? "" : "/").append(level.object ? level.name : level.elements - 1);
            }
        });
        return path.toString();
    }

    private Token name(Level level) {
        if (peek() != '"') {
            throw malformed("a name in quotation marks");
        }
        level.name = string();
        text = level.name;
        skipSpace();
        require(':', "':'");
        nameRead = true;
        return Token.NAME;
    }

    private Token value() {
        valueRead = true;
        int first = peek();
        switch (first) {
            case '{', '[' -> {
                if (levels.size() == JsonArguments.MOST_DEPTH_READ) {
                    throw malformed("no more than " + JsonArguments.MOST_DEPTH_READ + " levels");
                }
                position++;
                levels.push(new Level(first == '{'));
                return first == '{' ? Token.START_OBJECT : Token.START_ARRAY;
            }
            case '"' -> {
                text = string();
                return Token.TEXT;
            }
            case 't' -> {
                return word("true", Token.TRUE);
            }
            case 'f' -> {
                return word("false", Token.FALSE);
            }
            case 'n' -> {
                return word("null", Token.NULL);
            }
            default -> {
                return number();
            }
        }
    }

    private Token word(String word, Token token) {
        if (!json.startsWith(word, position)) {
            throw malformed("a value");
        }
        position += word.length();
        requireEndOfWord();
        return token;
    }

    private Token number() {
        int from = position;
        if (peek() == '-') {
            position++;
        }
        if (peek() == '0') {
            position++;
        } else {
            digits();
        }
        if (peek() == '.') {
            position++;
            digits();
        }
        if (peek() == 'e' || peek() == 'E') {
            position++;
            if (peek() == '+' || peek() == '-') {
                position++;
            }
            digits();
        }
        requireEndOfWord();
        text = json.substring(from, position);
        return Token.NUMBER;
    }

    private void digits() {
        int from = position;
        while (peek() >= '0' && peek() <= '9') {
            position++;
        }
        if (position == from) {
            throw malformed("a value");
        }
    }

    /** Whether the reader has stopped at NaN or infinity, as JavaScript writes them. */
    boolean isAtSpecialNumber() {
        return json.startsWith("NaN", position) || json.startsWith("Infinity", position);
    }

    private void requireEndOfWord() {
        int next = peek();
        if (next >= 0 && ",]} \t\r\n".indexOf(next) < 0) {
            throw malformed("the end of the value");
        }
    }

    private String string() {
        int from = ++position;
        for (; position < json.length(); position++) {
            char character = json.charAt(position);
            if (character == '"') {
                return json.substring(from, position++);
            }
            if (character == '\\') {
                return escaped(new StringBuilder().append(json, from, position));
            }
            requireNoControl(character);
        }
        throw malformed("a quotation mark");
    }

    /** Reads on from the first escape of a text. */
    private String escaped(StringBuilder unescaped) {
        while (position < json.length()) {
            char character = json.charAt(position);
            if (character == '"') {
                position++;
                return unescaped.toString();
            }
            requireNoControl(character);
            position++;
            unescaped.append(character == '\\' ? escape() : character);
        }
        throw malformed("a quotation mark");
    }

    private char escape() {
        int character = peek();
        int index = "\"\\/bfnrt".indexOf(character);
        if (character == 'u') {
            return unicode();
        }
        if (index < 0) {
            throw malformed("an escape such as \\n");
        }
        position++;
        return "\"\\/\b\f\n\r\t".charAt(index);
    }

    private char unicode() {
        int code = 0;
        for (int digits = 0; digits < 4; digits++) {
            position++;
            int digit = peek() < 0x80 ? Character.digit(peek(), 16) : -1;
            if (digit < 0) {
                throw malformed("four hexadecimal digits");
            }
            code = code << 4 | digit;
        }
        position++;
        return (char) code;
    }

    private void requireNoControl(char character) {
        if (character < ' ') {
            throw malformed("an escape instead of a control character");
        }
    }

    private void require(char character, String expected) {
        if (peek() != character) {
            throw malformed(expected);
        }
        position++;
    }

    private void skipSpace() {
        while (peek() == ' ' || peek() == '\n' || peek() == '\r' || peek() == '\t') {
            position++;
        }
    }

    /** The next character, or -1 at the end. */
    private int peek() {
        return position < json.length() ? json.charAt(position) : -1;
    }

    private MalformedException malformed(String expected) {
        String found = position < json.length() ? "'" + json.charAt(position) + "'" : "the end";
        return new MalformedException(
                "at character " + (position + 1) + ", " + expected + " is expected, " + found + " is there");
    }
}
