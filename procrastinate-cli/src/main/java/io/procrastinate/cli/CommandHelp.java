package io.procrastinate.cli;

import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi.Text;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The help of a command: as in the original, each option shows its environment variable. */
final class CommandHelp extends Help {

    CommandHelp(CommandSpec command, ColorScheme colors) {
        super(command, colors);
    }

    /** Reports that a command was called wrongly: its usage, then what is wrong. */
    static int misuse(ParameterException misuse, String[] arguments) {
        return misuse(misuse.getCommandLine(), misuse);
    }

    /** The same for mistakes that are found only later. */
    static int misuse(CommandLine command, Exception misuse) {
        PrintWriter err = command.getErr();
        Help help = command.getHelp();
        err.print(help.synopsisHeading());
        err.print(help.synopsis(help.synopsisHeadingLength()));
        err.println(command.getCommandSpec().qualifiedName() + ": error: " + message(misuse));
        if (misuse instanceof UnmatchedArgumentException unmatched) {
            UnmatchedArgumentException.printSuggestions(unmatched, err);
        }
        err.flush();
        return CommandLine.ExitCode.USAGE;
    }

    private static String message(Exception misuse) {
        // The parser itself begins some of its messages this way.
        return String.valueOf(misuse.getMessage()).replaceFirst("^Error: ", "");
    }

    @Override
    public IOptionRenderer createDefaultOptionRenderer() {
        IOptionRenderer plain = super.createDefaultOptionRenderer();
        return (option, label, colors) -> option.usageHelp() || option.versionHelp()
                ? plain.render(option, label, colors)
                : withVariable(option, plain.render(option, label, colors));
    }

    @Override
    public IParameterRenderer createDefaultParameterRenderer() {
        IParameterRenderer plain = super.createDefaultParameterRenderer();
        return (parameter, label, colors) -> withVariable(parameter, plain.render(parameter, label, colors));
    }

    private Text[][] withVariable(ArgSpec argument, Text[][] rows) {
        Text[] last = rows[rows.length - 1];
        String values = !argument.typeInfo().isBoolean()
                ? ""
                : argument.typeInfo().isMultiValue() ? ": set to desired verbosity level" : ": use 0/n/f or 1/y/t";
        last[last.length - 1] =
                last[last.length - 1].concat(" (env: " + EnvironmentDefaults.variable(argument) + values + ")");
        return rows;
    }
}
