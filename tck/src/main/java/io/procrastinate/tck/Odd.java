package io.procrastinate.tck;

import java.util.List;

/** Values that connectors often get wrong. */
final class Odd {

    /** Letters beyond ASCII: composed, combining, right to left, outside the basic plane, joined. */
    static final String UNICODE = "Grüße, e\u0301, 你好, שלום, 😀, 👩‍👩‍👧";

    static final List<String> TEXTS = List.of(
            "plain",
            "",
            " ",
            "  leading and trailing  ",
            UNICODE,
            "'single' \"double\" `back`",
            "comma, semicolon; colon: question? percent%",
            "back\\slash \\n \\\\",
            "{braces} [brackets] (parentheses)",
            "null",
            "NULL",
            "line\nfeed\r\ntab\t",
            "$1 $$ $tag$ :name ::text @@ {fn now()}",
            "x".repeat(100_000));

    private Odd() {}

    static String jsonType(String document) {
        return switch (document.charAt(0)) {
            case '{' -> "object";
            case '[' -> "array";
            case '"' -> "string";
            case 'n' -> "null";
            case 't', 'f' -> "boolean";
            default -> "number";
        };
    }
}
