package io.procrastinate.cli;

import io.procrastinate.job.CancelOption;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobCounts;
import io.procrastinate.job.JobFilter;
import io.procrastinate.job.JobManager;
import io.procrastinate.job.JobStatus;
import io.procrastinate.job.RetryOptions;
import java.io.PrintWriter;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** The commands of the shell. A command that fails says why, and the shell goes on. */
final class ShellCommands {

    private static final List<JobStatus> SHOWN = List.of(
            JobStatus.TODO,
            JobStatus.DOING,
            JobStatus.SUCCEEDED,
            JobStatus.FAILED,
            JobStatus.CANCELLED,
            JobStatus.ABORTED);

    private static final int PAGE = 1000;

    /** As the original shows it: in UTC, microseconds only where there are some. */
    private static final DateTimeFormatter TIME = new DateTimeFormatterBuilder()
            .appendPattern("uuuu-MM-dd HH:mm:ss")
            .appendFraction(ChronoField.MICRO_OF_SECOND, 0, 6, true)
            .appendOffset("+HH:MM", "+00:00")
            .toFormatter(Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private static final Map<String, String> HELP = help();

    private final JobManager jobs;
    private final PrintWriter out;
    private final PrintWriter err;
    private boolean ended;

    ShellCommands(JobManager jobs, PrintWriter out, PrintWriter err) {
        this.jobs = jobs;
        this.out = out;
        this.err = err;
    }

    /** The commands' names. */
    static Set<String> names() {
        return HELP.keySet();
    }

    boolean hasEnded() {
        return ended;
    }

    /** Runs a line; answers whether it did what it says. */
    boolean run(String line) {
        return run(() -> Words.of(line));
    }

    /** Runs a command that is parted into words already. */
    boolean run(List<String> words) {
        return run(() -> words);
    }

    private boolean run(Supplier<List<String>> line) {
        try {
            List<String> words = line.get();
            if (!words.isEmpty()) {
                run(words.get(0), words.subList(1, words.size()));
            }
            return true;
        } catch (RuntimeException e) {
            Failures.print(e, err);
            return false;
        } finally {
            out.flush();
            err.flush();
        }
    }

    private void run(String command, List<String> arguments) {
        switch (command) {
            case "list_jobs" -> listJobs(arguments);
            case "list_queues" -> list(jobs.queues(filter(arguments)));
            case "list_tasks" -> list(jobs.tasks(filter(arguments)));
            case "list_locks" -> list(jobs.locks(filter(arguments)));
            case "retry" -> {
                long id = id(arguments);
                jobs.retry(id, RetryOptions.NOW);
                show(id);
            }
            case "cancel" -> act(arguments, "cancel", false);
            case "abort" -> act(arguments, "abort", true);
            case "delete" -> delete(id(arguments));
            case "help", "?" -> showHelp(arguments);
            case "exit", "EOF", "quit" -> ended = true;
            default ->
                throw new IllegalArgumentException("*** Unknown syntax: " + command + ". Type help to list commands.");
        }
    }

    private void act(List<String> arguments, String what, boolean abort) {
        long id = id(arguments);
        if (!(abort ? jobs.cancel(id, CancelOption.ABORT) : jobs.cancel(id))) {
            throw new IllegalArgumentException("Cannot " + what + " job " + id + ": it is "
                    + jobs.status(id).text());
        }
        show(id);
    }

    private void delete(long id) {
        if (!jobs.delete(id)) {
            throw new IllegalArgumentException("Cannot delete job " + id + ": it is not there, or running");
        }
        out.println("#" + id + " deleted");
    }

    private void show(long id) {
        jobs.list(JobFilter.ALL.id(id)).forEach(job -> out.println(line(job)));
    }

    private void listJobs(List<String> arguments) {
        boolean details = arguments.contains("details");
        JobFilter filter = filter(
                arguments.stream().filter(word -> !word.equals("details")).toList());
        long after = 0;
        List<Job> page;
        do {
            page = jobs.list(filter.page(after, PAGE));
            for (Job job : page) {
                out.println(details ? line(job) + details(job) : line(job));
                after = job.id();
            }
        } while (page.size() == PAGE);
    }

    private static String line(Job job) {
        return "#" + job.id() + " " + job.taskName() + " on " + job.queue() + " - ["
                + job.status().text() + "]";
    }

    private static String details(Job job) {
        return " (attempts=" + job.attempts() + ", priority=" + job.priority() + ", scheduled_at="
                + (job.scheduledAt() == null ? "None" : TIME.format(job.scheduledAt())) + ", args=" + job.args()
                + ", lock="
                + (job.lock() == null ? "None" : job.lock()) + ")";
    }

    private void list(List<JobCounts> counts) {
        for (JobCounts count : counts) {
            String statuses = SHOWN.stream()
                    .map(status -> status.text() + ": " + count.of(status))
                    .collect(Collectors.joining(", "));
            out.println(count.name() + ": " + count.total() + " jobs (" + statuses + ")");
        }
    }

    private static JobFilter filter(List<String> arguments) {
        JobFilter filter = JobFilter.ALL;
        for (String argument : arguments) {
            int equals = argument.indexOf('=');
            if (equals < 0) {
                throw new IllegalArgumentException("'" + argument + "' is not of the form name=value");
            }
            String value = argument.substring(equals + 1);
            filter = switch (argument.substring(0, equals)) {
                case "id" -> filter.id(number(value));
                case "queue" -> filter.queue(value);
                case "task" -> filter.taskName(value);
                case "status" -> filter.status(status(value));
                case "lock" -> filter.lock(value);
                case "queueing_lock" -> filter.queueingLock(value);
                default ->
                    throw new IllegalArgumentException(
                            "Unknown filter '" + argument + "': use id, queue, task, status, lock or queueing_lock");
            };
        }
        return filter;
    }

    private static JobStatus status(String text) {
        return Arrays.stream(JobStatus.values())
                .filter(status -> status.text().equals(text.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("'" + text + "' is not a status: use one of "
                        + Arrays.stream(JobStatus.values()).map(JobStatus::text).toList()));
    }

    private static long id(List<String> arguments) {
        if (arguments.size() != 1) {
            throw new IllegalArgumentException("This command takes the id of one job, found " + arguments);
        }
        return number(arguments.get(0).replaceFirst("^#", ""));
    }

    private static long number(String text) {
        if (!text.matches("\\d{1,18}")) {
            throw new IllegalArgumentException("'" + text + "' is not the id of a job, which is a number");
        }
        return Long.parseLong(text);
    }

    private void showHelp(List<String> arguments) {
        if (!arguments.isEmpty()) {
            out.println(HELP.getOrDefault(arguments.get(0), "*** No help on " + arguments.get(0)));
            return;
        }
        HELP.forEach((command, text) -> out.printf("%-12s %s%n", command, text));
    }

    private static Map<String, String> help() {
        Map<String, String> help = new LinkedHashMap<>();
        help.put(
                "list_jobs",
                "List jobs: list_jobs [id=ID] [queue=NAME] [task=NAME] [status=STATUS] [lock=LOCK]"
                        + " [queueing_lock=LOCK] [details]");
        help.put(
                "list_queues", "Count jobs by queue: list_queues [queue=NAME] [task=NAME] [status=STATUS] [lock=LOCK]");
        help.put("list_tasks", "Count jobs by task: list_tasks [queue=NAME] [task=NAME] [status=STATUS] [lock=LOCK]");
        help.put("list_locks", "Count jobs by lock: list_locks [queue=NAME] [task=NAME] [status=STATUS] [lock=LOCK]");
        help.put("retry", "Let a job that failed, or is stuck as running, wait again: retry ID");
        help.put("cancel", "Take back a waiting job: cancel ID");
        help.put("abort", "Take back a waiting job, or ask a running one to stop: abort ID");
        help.put("delete", "Delete a job that is not running: delete ID");
        help.put("help", "List commands, or explain one: help [COMMAND]");
        help.put("exit", "Leave the shell");
        return help;
    }
}
