package io.procrastinate.cli;

import io.procrastinate.text.Printable;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
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
        messages(failure).forEach(message -> err.println(Printable.lines(message)));
        err.flush();
        LOGGER.debug("Exception details:", failure);
    }

    /** The messages of a failure and its causes, the innermost first, without repetitions. */
    static List<String> messages(Throwable failure) {
        List<String> messages = new ArrayList<>();
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String message = message(cause);
            if (messages.stream().noneMatch(outer -> outer.contains(message))) {
                messages.add(message);
            }
        }
        Collections.reverse(messages);
        return messages;
    }

    private static String message(Throwable failure) {
        return failure.getMessage() == null
                ? failure.getClass().getSimpleName()
                // Removes the location, for which the parser has no source to show.
                : failure.getMessage().replaceFirst("(?s)\\s+at \\[Source: .*", "");
    }
}
