package io.procrastinate.cli;

import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/**
 * Reads options from environment variables, as the original does: {@code PROCRASTINATE_} and the command's and the
 * option's name. Every value counts, even one that means no; an empty one counts as unset, as in the original.
 */
final class EnvironmentDefaults implements IDefaultValueProvider {

    private static final String PREFIX = "PROCRASTINATE_";
    private static final Pattern YES = Pattern.compile("(?i)[1yt].*|on");
    private static final Pattern NO = Pattern.compile("(?i)[0nf].*|off");

    private final Map<String, String> environment;

    EnvironmentDefaults(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public @Nullable String defaultValue(ArgSpec argument) {
        if (argument instanceof OptionSpec option && (option.usageHelp() || option.versionHelp())) {
            return null;
        }
        String name = variable(argument);
        String value = environment.getOrDefault(name, "").strip();
        if (value.isEmpty()) {
            return null;
        }
        if (!argument.typeInfo().isBoolean()) {
            return value;
        }
        return argument.typeInfo().isMultiValue() ? times(argument, name, value) : bool(argument, name, value);
    }

    /** The variable of an option; that of a subcommand's option contains the subcommand's name. */
    static String variable(ArgSpec argument) {
        CommandSpec command = argument.command();
        String scope = command.parent() == null ? "" : command.name() + "_";
        String name = argument instanceof OptionSpec option ? option.longestName() : argument.paramLabel();
        return PREFIX
                + (scope + name.replaceFirst("^-+", "").replaceAll("[\\[\\]]", ""))
                        .replace('-', '_')
                        .toUpperCase(Locale.ROOT);
    }

    private static String bool(ArgSpec argument, String name, String value) {
        if (YES.matcher(value).matches()) {
            return "true";
        }
        if (NO.matcher(value).matches()) {
            return "false";
        }
        throw bad(argument, name, value, "use 1, y or t for yes, 0, n or f for no");
    }

    /** How often a flag is given. */
    private static @Nullable String times(ArgSpec argument, String name, String value) {
        try {
            int times = Integer.parseInt(value);
            return times <= 0 ? null : String.join(",", Collections.nCopies(Math.min(times, 9), "true"));
        } catch (NumberFormatException e) {
            throw bad(argument, name, value, "use a number, such as 1");
        }
    }

    private static ParameterException bad(ArgSpec argument, String name, String value, String advice) {
        return new ParameterException(
                argument.command().commandLine(),
                "The environment variable " + name + " is '" + value + "': " + advice);
    }
}
