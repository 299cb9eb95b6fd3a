package io.procrastinate.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The shell's help about its commands, in the original's layout. */
final class ShellHelp {

    private static final Map<String, String> COMMANDS = new TreeMap<>(Map.of(
            "EOF", "Leave the shell.",
            "exit", "Leave the shell.",
            "help", "List available commands with \"help\" or detailed help with \"help cmd\".",
            "list_jobs", """
                    List jobs, by id.
                    Usage: list_jobs [id=ID] [queue=NAME] [task=NAME] [status=STATUS]
                                     [lock=LOCK] [queueing_lock=LOCK] [worker_id=ID] [details]

                    Only those that are all that is given; with details, also their attempts,
                    priority, schedule, arguments and lock.

                    Example: list_jobs queue=default task=sums status=failed details""",
            "list_queues", counts("list_queues", "queue", "task=sums status=failed"),
            "list_tasks", counts("list_tasks", "task", "queue=default status=failed"),
            "list_locks", counts("list_locks", "lock", "queue=default status=todo"),
            "retry", """
                    Let a failed or stuck job wait again.
                    Usage: retry JOB_ID

                    Example: retry 2""",
            "cancel", """
                    Take back a waiting job: its status becomes cancelled.
                    Usage: cancel JOB_ID

                    Example: cancel 3"""));

    private static final Map<String, String> FURTHER_COMMANDS = new TreeMap<>(Map.of(
            "abort", """
                    Take back a waiting job, or ask a running one to stop.
                    Usage: abort JOB_ID

                    Example: abort 3""",
            "delete", """
                    Delete a job that is not running.
                    Usage: delete JOB_ID

                    Example: delete 3""",
            "events", """
                    Show what has happened to a job, its headers, error and result.
                    Usage: events JOB_ID

                    Example: events 3"""));

    private ShellHelp() {}

    private static String counts(String command, String what, String example) {
        return """
               Count jobs by %2$s and status.
               Usage: %1$s [queue=NAME] [task=NAME] [status=STATUS] [lock=LOCK]

               Example: %1$s %3$s""".formatted(command, what, example);
    }

    /** The commands' names. */
    static List<String> names() {
        List<String> names = new ArrayList<>(COMMANDS.keySet());
        names.addAll(FURTHER_COMMANDS.keySet());
        return names;
    }

    static void list(PrintWriter out) {
        out.println();
        list("Documented commands (type help <topic>):", COMMANDS, out);
        list("Commands that Procrastinate for Python does not have:", FURTHER_COMMANDS, out);
    }

    private static void list(String title, Map<String, String> commands, PrintWriter out) {
        out.println(title);
        out.println("=".repeat(title.length()));
        out.println(String.join("  ", commands.keySet()));
        out.println();
    }

    static void explain(String command, PrintWriter out) {
        out.println(
                COMMANDS.getOrDefault(command, FURTHER_COMMANDS.getOrDefault(command, "*** No help on " + command)));
    }
}
