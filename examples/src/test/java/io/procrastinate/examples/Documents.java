package io.procrastinate.examples;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The documents and sources of the repository. */
final class Documents {

    static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    private static final Pattern ROW = Pattern.compile("(?m)^\\| *(.+?) *\\|$");

    private Documents() {}

    static String read(String document) {
        return read(ROOT.resolve(document));
    }

    static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The files below the root, of modules and documents, whose path matches. */
    static List<Path> files(String pattern) {
        try (Stream<Path> tree = Files.find(
                ROOT,
                20,
                (path, attributes) ->
                        attributes.isRegularFile() && relative(path).matches(pattern))) {
            return tree.sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String relative(Path path) {
        return ROOT.relativize(path).toString().replace('\\', '/');
    }

    /** The text of a section, from its heading to the next one of its level or above. */
    static String section(String text, String heading) {
        int begin = text.indexOf("\n" + heading + "\n");
        if (begin < 0) {
            throw new AssertionError("There is no section '" + heading + "'");
        }
        String level = heading.substring(0, heading.indexOf(' '));
        Matcher next = Pattern.compile("(?m)^#{1," + level.length() + "} ").matcher(text);
        return next.find(begin + heading.length()) ? text.substring(begin, next.start()) : text.substring(begin);
    }

    /** The rows of the tables of a text, without their headings, as cells. */
    static List<List<String>> rows(String text) {
        List<List<String>> rows = ROW.matcher(text)
                .results()
                .map(row -> List.of(row.group(1).split(" *(?<!\\\\)\\| *", -1)))
                .toList();
        return Stream.iterate(0, index -> index < rows.size(), index -> index + 1)
                .filter(index -> !isRule(rows.get(index)) && !(index + 1 < rows.size() && isRule(rows.get(index + 1))))
                .map(rows::get)
                .toList();
    }

    private static boolean isRule(List<String> row) {
        return row.get(0).startsWith("---");
    }
}
