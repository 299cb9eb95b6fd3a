package io.procrastinate.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Splits a line of the shell into words at whitespace, except within single or double quotes. A quote counts as such
 * only at the beginning of a word or a value, as in {@code "a b"} and {@code queue="a b"}: any other stands for itself,
 * as in {@code lock=o'brien}.
 */
final class Words {

    private static final Pattern WORD =
            Pattern.compile("(?=\\S)([^\\s\"'=]*+=)?+(?:\"([^\"]*)\"|'([^']*)'|(?![\"']))(\\S*)");

    private Words() {}

    static List<String> of(String line) {
        List<String> words = new ArrayList<>();
        Matcher word = WORD.matcher(line);
        int end = 0;
        while (word.find()) {
            requireBlank(line.substring(end, word.start()));
            end = word.end();
            StringBuilder text = new StringBuilder();
            for (int group = 1; group <= word.groupCount(); group++) {
                text.append(Objects.requireNonNullElse(word.group(group), ""));
            }
            words.add(text.toString());
        }
        requireBlank(line.substring(end));
        return words;
    }

    private static void requireBlank(String between) {
        if (!between.isBlank()) {
            throw new IllegalArgumentException("A quotation mark is not closed: " + between.strip());
        }
    }
}
