package io.procrastinate.cli;

import io.procrastinate.exception.ConnectorException;
import io.procrastinate.job.CancelOption;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobCounts;
import io.procrastinate.job.JobFilter;
import io.procrastinate.job.JobManager;
import io.procrastinate.job.JobStatus;
import io.procrastinate.job.RetryDecision;
import io.procrastinate.json.PythonText;
import io.procrastinate.text.Printable;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoField;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The commands of the shell. A command that fails says why, and the shell goes on. */
final class ShellCommands {

    private static final List<JobStatus> SHOWN = List.of(
            JobStatus.TODO,
            JobStatus.DOING,
            JobStatus.SUCCEEDED,
            JobStatus.FAILED,
            JobStatus.CANCELLED,
            JobStatus.ABORTED);

    /** The statuses that the database knows. */
    static final List<JobStatus> STATUSES = Arrays.stream(JobStatus.values())
            .filter(status -> status != JobStatus.UNKNOWN)
            .toList();

    private static final List<String> GROUP_FILTERS = List.of("queue", "task", "status", "lock");

    private static final List<String> JOB_FILTERS =
            List.of("id", "queue", "task", "status", "lock", "queueing_lock", "worker_id");

    /** The SQLSTATE of refusals by the schema's functions. */
    private static final String REFUSED = "P0001";

    private static final int PAGE = 1000;

    private final JobManager jobs;
    private final PrintWriter out;
    private final PrintWriter err;
    private boolean ended;

    ShellCommands(JobManager jobs, PrintWriter out, PrintWriter err) {
        this.jobs = jobs;
        this.out = out;
        this.err = err;
    }

    boolean hasEnded() {
        return ended;
    }

    /** Whether the output is still being read. */
    boolean isRead() {
        return Procrastinate.isRead(out);
    }

    /** Runs a line; returns whether it succeeded. */
    boolean run(String line) {
        return run(() -> Words.of(line.replaceFirst("^\\s*\\?", "help ")));
    }

    /** Runs a command that is already split into words. */
    boolean run(List<String> words) {
        return run(() -> words);
    }

    private boolean run(Supplier<List<String>> line) {
        try {
            List<String> words = line.get();
            return words.isEmpty() || run(words.get(0), words.subList(1, words.size()));
        } catch (RuntimeException e) {
            FailureReport.print(e, err);
            return false;
        } finally {
            out.flush();
            err.flush();
        }
    }

    private boolean run(String command, List<String> arguments) {
        switch (command) {
            case "list_jobs" -> listJobs(arguments);
            case "list_queues" -> list(jobs.queues(group(arguments)));
            case "list_tasks" -> list(jobs.tasks(group(arguments)));
            case "list_locks" -> list(jobs.locks(group(arguments)));
            case "retry" -> {
                long id = id(arguments);
                retry(id);
                show(id);
            }
            case "cancel" -> act(arguments, "cancel", false);
            case "abort" -> act(arguments, "abort", true);
            case "delete" -> delete(id(arguments));
            case "events" -> events(id(arguments));
            case "help", "?" -> help(arguments);
            case "exit", "EOF", "quit" -> ended = true;
            default -> {
                out.println("*** Unknown syntax: "
                        + Printable.text(Stream.concat(Stream.of(command), arguments.stream())
                                .collect(Collectors.joining(" "))));
                return false;
            }
        }
        return true;
    }

    private void help(List<String> arguments) {
        if (arguments.isEmpty()) {
            ShellHelp.list(out);
        } else {
            ShellHelp.explain(String.join(" ", arguments), out);
        }
    }

    /** Shows the job even if nothing could be done about it. */
    private void act(List<String> arguments, String what, boolean abort) {
        long id = id(arguments);
        boolean done = abort ? jobs.cancel(id, CancelOption.ABORT) : jobs.cancel(id);
        show(id);
        if (!done) {
            throw new IllegalArgumentException("Cannot " + what + " job " + id + ": it is "
                    + jobs.status(id).text());
        }
    }

    private void retry(long id) {
        try {
            jobs.retry(id, RetryDecision.now());
        } catch (ConnectorException e) {
            if (!REFUSED.equals(e.sqlState())) {
                throw e;
            }
            String status = jobs.status(id).text();
            throw new IllegalArgumentException(
                    "Job was not found or has an invalid status to retry (job id: " + id + "): it is " + status);
        }
    }

    private void delete(long id) {
        if (!jobs.delete(id)) {
            throw new IllegalArgumentException("Cannot delete job " + id + ": it does not exist, or is running");
        }
        out.println("#" + id + " deleted");
    }

    private void show(long id) {
        jobs.list(JobFilter.ALL.id(id)).forEach(job -> out.println(line(job)));
    }

    private void events(long id) {
        show(id);
        jobs.events(id)
                .forEach(event ->
                        out.println(time(event.at()) + " " + event.type().text()));
        for (Job job : jobs.list(JobFilter.ALL.id(id))) {
            job.headers()
                    .forEach((name, value) ->
                            out.println("header " + Printable.text(name) + ": " + Printable.text(value)));
            if (job.error() != null) {
                out.println("error: " + Printable.lines(job.error()));
            }
            if (job.result() != null) {
                out.println("result: " + Printable.text(job.result()));
            }
        }
    }

    private void listJobs(List<String> arguments) {
        Predicate<String> asksForDetails = word -> word.equals("details") || word.startsWith("details=");
        boolean details = arguments.stream().anyMatch(asksForDetails);
        JobFilter filter =
                filter(arguments.stream().filter(asksForDetails.negate()).toList(), JOB_FILTERS);
        long after = 0;
        List<Job> page;
        do {
            page = jobs.list(filter.page(after, PAGE));
            for (Job job : page) {
                out.println(details ? line(job) + details(job) : line(job));
                after = job.id();
            }
        } while (page.size() == PAGE && isRead());
    }

    private static String line(Job job) {
        return "#" + job.id() + " " + Printable.text(job.taskName()) + " on " + Printable.text(job.queue()) + " - ["
                + job.status().text() + "]";
    }

    private static String details(Job job) {
        return " (attempts=" + job.attempts() + ", priority=" + job.priority() + ", scheduled_at="
                + (job.scheduledAt() == null ? "None" : time(job.scheduledAt())) + ", args="
                + PythonText.value(job.args()) + ", lock=" + (job.lock() == null ? "None" : Printable.text(job.lock()))
                + ")";
    }

    /** As the original shows it: in UTC, with microseconds only if they are not 0, but then all six digits. */
    private static String time(Instant instant) {
        String fraction = instant.get(ChronoField.MICRO_OF_SECOND) == 0 ? "" : ".SSSSSS";
        return DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss" + fraction + "xxx", Locale.ROOT)
                .format(instant.atOffset(ZoneOffset.UTC));
    }

    private void list(List<JobCounts> counts) {
        for (JobCounts count : counts) {
            String statuses = SHOWN.stream()
                    .map(status -> status.text() + ": " + count.of(status))
                    .collect(Collectors.joining(", "));
            out.println(Printable.text(count.name()) + ": " + count.total() + " jobs (" + statuses + ")");
        }
    }

    private static JobFilter group(List<String> arguments) {
        return filter(arguments, GROUP_FILTERS);
    }

    private static JobFilter filter(List<String> arguments, List<String> known) {
        JobFilter filter = JobFilter.ALL;
        for (String argument : arguments) {
            int equals = argument.indexOf('=');
            if (equals < 0) {
                throw new IllegalArgumentException("'" + argument + "' is not of the form name=value");
            }
            String name = argument.substring(0, equals);
            String value = argument.substring(equals + 1);
            if (!known.contains(name)) {
                throw new IllegalArgumentException("Unknown filter '" + argument + "': use one of " + known);
            }
            filter = switch (name) {
                case "id" -> filter.id(number(value));
                case "queue" -> filter.queue(value);
                case "task" -> filter.taskName(value);
                case "status" -> filter.status(status(value));
                case "lock" -> filter.lock(value);
                case "queueing_lock" -> filter.queueingLock(value);
                case "worker_id" -> filter.workerId(number(value));
                default -> throw new AssertionError(name);
            };
        }
        return filter;
    }

    private static JobStatus status(String text) {
        return STATUSES.stream()
                .filter(status -> status.text().equals(text.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("'" + text + "' is not a status: use one of "
                        + STATUSES.stream().map(JobStatus::text).toList()));
    }

    private static long id(List<String> arguments) {
        if (arguments.size() != 1) {
            throw new IllegalArgumentException("This command takes the id of one job, found " + arguments);
        }
        return number(arguments.get(0).replaceFirst("^#", ""));
    }

    private static long number(String text) {
        if (!text.matches("\\d{1,18}")) {
            throw new IllegalArgumentException("'" + text + "' is not an id, which is a number");
        }
        return Long.parseLong(text);
    }
}
