package io.procrastinate.json;

/** Writes texts as JSON writes them. */
final class JsonText {

    private JsonText() {}

    /** Appends a text in quotation marks; only what JSON asks for is escaped. */
    static void append(StringBuilder json, String text) {
        json.append('"');
        int from = 0;
        for (int index = 0; index < text.length(); index++) {
            char character = text.charAt(index);
            if (character < ' ' || character == '"' || character == '\\') {
                json.append(text, from, index);
                escape(json, character);
                from = index + 1;
            }
        }
        json.append(text, from, text.length()).append('"');
    }

    private static void escape(StringBuilder json, char character) {
        int index = "\"\\\b\f\n\r\t".indexOf(character);
        if (index >= 0) {
            json.append('\\').append("\"\\bfnrt".charAt(index));
        } else {
            json.append("\\u00")
                    .append(Character.forDigit(character >> 4, 16))
                    .append(Character.forDigit(character & 0xf, 16));
        }
    }
}
