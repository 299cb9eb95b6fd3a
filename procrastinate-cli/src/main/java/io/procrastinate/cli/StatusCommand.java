package io.procrastinate.cli;

import io.procrastinate.App;
import io.procrastinate.job.JobCounts;
import io.procrastinate.job.JobFilter;
import io.procrastinate.job.JobStatus;
import io.procrastinate.json.JsonCodec;
import io.procrastinate.text.Printable;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Shows an overview of the queues. */
@Command(name = "status", description = "Show how many jobs of each status the queues have.")
final class StatusCommand implements Callable<Integer> {

    private static final List<JobStatus> SHOWN = List.of(
            JobStatus.TODO,
            JobStatus.DOING,
            JobStatus.SUCCEEDED,
            JobStatus.FAILED,
            JobStatus.CANCELLED,
            JobStatus.ABORTED);

    private static final String CLEAR = "\u001b[H\u001b[2J";

    @ParentCommand
    @Nullable
    Procrastinate root;

    @Spec
    @Nullable
    CommandSpec spec;

    @Option(names = "--json", fallbackValue = "true", description = "Print JSON.")
    boolean json;

    @Option(
            names = "--watch",
            arity = "0..1",
            fallbackValue = "2",
            paramLabel = "SECONDS",
            description = "Show repeatedly, every 2 seconds unless set, until interrupted.")
    @Nullable
    Duration watch;

    /** Waits between two displays; returns whether to go on. */
    Predicate<Duration> pause = StatusCommand::sleep;

    @Override
    public Integer call() {
        PrintWriter out = Procrastinate.out(Objects.requireNonNull(spec));
        if (watch != null && watch.isNegative()) {
            throw new ParameterException(spec.commandLine(), "--watch takes a number of seconds that is not negative");
        }
        try (App app = Objects.requireNonNull(root).appOrDatabase()) {
            app.open();
            show(app, out);
            while (watch != null && Procrastinate.isRead(out) && pause.test(watch)) {
                if (Ansi.AUTO.enabled()) {
                    out.print(CLEAR);
                }
                show(app, out);
            }
            return 0;
        }
    }

    static boolean sleep(Duration length) {
        try {
            Thread.sleep(Math.max(100, length.toMillis()));
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void show(App app, PrintWriter out) {
        List<JobCounts> queues = app.jobManager().queues(JobFilter.ALL);
        if (json) {
            // JSON has the same escapes, so this is still JSON.
            out.println(Printable.text(JsonCodec.standard()
                    .write(queues.stream().map(StatusCommand::counts).toList())));
        } else {
            printTable(queues, out);
        }
        out.flush();
    }

    private static Map<String, Object> counts(JobCounts queue) {
        Map<String, Object> counts = new LinkedHashMap<>();
        counts.put("queue", queue.name());
        SHOWN.forEach(status -> counts.put(status.text(), queue.of(status)));
        return counts;
    }

    private static void printTable(List<JobCounts> queues, PrintWriter out) {
        int width = queues.stream()
                .mapToInt(queue -> Printable.text(queue.name()).length())
                .max()
                .orElse(0);
        String name = "%-" + Math.max(width, "queue".length()) + "s";
        out.printf(Locale.ROOT, name, "queue");
        SHOWN.forEach(status -> out.printf(Locale.ROOT, "%12s", status.text()));
        out.println();
        for (JobCounts queue : queues) {
            out.printf(Locale.ROOT, name, Printable.text(queue.name()));
            SHOWN.forEach(status -> out.printf(Locale.ROOT, "%,12d", queue.of(status)));
            out.println();
        }
        if (queues.isEmpty()) {
            out.println("(no jobs)");
        }
    }
}
