package io.procrastinate.cli;

import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Options from environment variables, as the original has them: {@code PROCRASTINATE_} and the command's and the option's name.
 * Every value counts, also one that means no.
 */
final class EnvironmentDefaults implements IDefaultValueProvider {

    private static final String PREFIX = "PROCRASTINATE_";
    private static final Set<String> YES = Set.of("1", "y", "yes", "t", "true", "on");
    private static final Set<String> NO = Set.of("0", "n", "no", "f", "false", "off");

    private final Map<String, String> environment;

    EnvironmentDefaults(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public @Nullable String defaultValue(ArgSpec argument) {
        String name = variable(argument);
        String value = environment.get(name);
        if (value == null) {
            return null;
        }
        if (argument.typeInfo().isBoolean() && !argument.typeInfo().isMultiValue()) {
            return bool(name, value);
        }
        return value;
    }

    /** The variable of an option: for one of a subcommand with the subcommand's name in it. */
    static String variable(ArgSpec argument) {
        CommandSpec command = argument.command();
        String scope = command.parent() == null ? "" : command.name() + "_";
        String name = argument instanceof OptionSpec option ? option.longestName() : argument.paramLabel();
        return PREFIX
                + (scope + name.replaceFirst("^-+", "").replaceAll("[\\[\\]]", ""))
                        .replace('-', '_')
                        .toUpperCase(Locale.ROOT);
    }

    private static String bool(String name, String value) {
        String lower = value.strip().toLowerCase(Locale.ROOT);
        if (YES.contains(lower)) {
            return "true";
        }
        if (NO.contains(lower)) {
            return "false";
        }
        throw new IllegalArgumentException(
                "The environment variable " + name + " is '" + value + "': use 1, y or t for yes, 0, n or f for no");
    }
}
