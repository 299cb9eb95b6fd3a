package io.procrastinate.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.ParseResult;

/**
 * How a command that fails says so: the causes one a line, the innermost first, and exit code 1; or 2 where what was asked for
 * could not be understood. The stack trace is for debugging only.
 */
final class Failures {

    private Failures() {}

    static int report(Exception failure, CommandLine command, ParseResult parsed) {
        if (failure instanceof LoadFromPathException) {
            return CommandHelp.misuse(command.getCommandSpec().root().commandLine(), failure);
        }
        print(failure, command.getErr());
        return CommandLine.ExitCode.SOFTWARE;
    }

    /** Prints the messages; the stack trace goes to the log. */
    static void print(Exception failure, PrintWriter err) {
        messages(failure).forEach(err::println);
        err.flush();
        LoggerFactory.getLogger(Failures.class).debug("Exception details:", failure);
    }

    /** The messages of a failure and its causes, each once, the innermost first. */
    static List<String> messages(Throwable failure) {
        Set<String> messages = new LinkedHashSet<>();
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            messages.add(cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage());
        }
        List<String> innermostFirst = new ArrayList<>(messages);
        Collections.reverse(innermostFirst);
        return innermostFirst;
    }
}
