package io.procrastinate.cli;

import io.procrastinate.text.Printable;
import java.io.PrintWriter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.ParseResult;

/**
 * Reports the failure of a command: the causes one per line, the innermost first, and exit code 1; or 2 if the request
 * could not be understood. The stack trace is for debugging only.
 */
final class FailureReport {

    private static final Logger LOGGER = LoggerFactory.getLogger(FailureReport.class);

    private FailureReport() {}

    static int report(Exception failure, CommandLine command, ParseResult parsed) {
        if (failure instanceof LoadFromPathException) {
            LOGGER.debug("Exception details:", failure);
            return CommandHelp.misuse(command.getCommandSpec().root().commandLine(), failure);
        }
        print(failure, command.getErr());
        return CommandLine.ExitCode.SOFTWARE;
    }

    /** Prints the messages; the stack trace goes to the log. */
    static void print(Exception failure, PrintWriter err) {
        Printable.messages(failure).forEach(message -> err.println(Printable.lines(message)));
        err.flush();
        LOGGER.debug("Exception details:", failure);
    }
}
