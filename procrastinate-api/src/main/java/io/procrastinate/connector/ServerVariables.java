package io.procrastinate.connector;

import io.procrastinate.exception.SettingsException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Variables that the server sets for a connection, such as {@code search_path} and {@code statement_timeout}, in the
 * forms in which drivers can send them: those of {@link ConnectorSettings#variables()} and of
 * {@link io.procrastinate.driver.SessionSettings#parameters()}.
 */
public final class ServerVariables {

    private static final Pattern NAME = Pattern.compile("[a-z_\\x80-\\uffff][a-z0-9_$.\\x80-\\uffff]*");

    /** One name of a list, quoted or not. */
    private static final Pattern ELEMENT = Pattern.compile("\\s*(?:\"((?:[^\"]|\"\")+)\"|([^\\s\",]+))\\s*");

    private ServerVariables() {}

    /** The variables as the start-up parameter {@code options} takes them. */
    public static String options(Map<String, String> variables) {
        return new TreeMap<>(variables)
                .entrySet().stream()
                        .map(variable -> "-c " + variable.getKey() + "="
                                + variable.getValue().replaceAll("[\\s\\\\]", "\\\\$0"))
                        .collect(Collectors.joining(" "));
    }

    /**
     * The variables as one statement that sets them until the connection ends, for drivers that can send them no other
     * way.
     */
    public static String sql(Map<String, String> variables) {
        return new TreeMap<>(variables)
                .entrySet().stream()
                        .map(variable -> "set_config(" + literal(variable.getKey()) + ", "
                                + literal(variable.getValue()) + ", false)")
                        .collect(Collectors.joining(", ", "SELECT ", ""));
    }

    /** A literal with the same meaning for each value of {@code standard_conforming_strings}. */
    private static String literal(String text) {
        String quoted = "'" + text.replace("'", "''") + "'";
        return quoted.contains("\\") ? " E" + quoted.replace("\\", "\\\\") : quoted;
    }

    /** The name in lower case: the server ignores case. */
    static String name(String given) {
        String name = given.toLowerCase(Locale.ROOT);
        if (!NAME.matcher(name).matches() || name.startsWith("_pq_.")) {
            throw new SettingsException(
                    "'" + given
                            + "' is neither a connection parameter nor the name of a server variable: correct it, or"
                            + " leave it out",
                    null);
        }
        return name;
    }

    /** Parses libpq's {@code options} as the server does: {@code -c name=value} and {@code --name=value}. */
    static Map<String, String> parse(String options) {
        Map<String, String> variables = new LinkedHashMap<>();
        List<String> words = words(options);
        for (int index = 0; index < words.size(); index++) {
            String word = words.get(index);
            String setting;
            if (word.equals("-c") && index + 1 < words.size()) {
                setting = words.get(++index);
            } else if (word.startsWith("-c") || word.startsWith("--")) {
                setting = word.substring(2);
            } else {
                setting = "";
            }
            int equals = setting.indexOf('=');
            if (equals <= 0) {
                throw new SettingsException(
                        "The parameter 'options' (or the environment variable PGOPTIONS) contains '" + word
                                + "'. It may contain -c name=value and --name=value, with a backslash before a space in a"
                                + " value",
                        null);
            }
            variables.put(setting.substring(0, equals).replace('-', '_'), setting.substring(equals + 1));
        }
        return variables;
    }

    /** Splits at white space; a backslash keeps the next character as it is. */
    private static List<String> words(String options) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        boolean inside = false;
        for (int index = 0; index < options.length(); index++) {
            char character = options.charAt(index);
            if (Character.isWhitespace(character)) {
                if (inside) {
                    words.add(word.toString());
                    word.setLength(0);
                }
                inside = false;
            } else {
                inside = true;
                boolean escapes = character == '\\' && index + 1 < options.length();
                word.append(escapes ? options.charAt(++index) : character);
            }
        }
        if (inside) {
            words.add(word.toString());
        }
        return words;
    }

    /** The only schema of a search path, or null if the path does not consist of exactly one. */
    static @Nullable String onlySchema(String searchPath) {
        Matcher element = ELEMENT.matcher(searchPath);
        if (!element.matches()) {
            return null;
        }
        String quoted = element.group(1);
        return quoted == null ? element.group(2).toLowerCase(Locale.ROOT) : quoted.replace("\"\"", "\"");
    }
}
