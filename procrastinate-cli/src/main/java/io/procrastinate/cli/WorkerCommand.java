package io.procrastinate.cli;

import io.procrastinate.App;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.worker.DeleteJobs;
import io.procrastinate.worker.WorkerOptions;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Runs a worker. Values that are not given are the app's worker defaults. */
@Command(
        name = "worker",
        description =
                "Launch a worker, listening on the given queues (or all queues). Values default to the app's worker"
                        + " defaults.")
final class WorkerCommand implements Callable<Integer> {

    @ParentCommand
    @Nullable
    Procrastinate root;

    @Spec
    @Nullable
    CommandSpec spec;

    @Option(
            names = {"-n", "--name"},
            description = "Name of the worker.")
    @Nullable
    String name;

    @Option(
            names = {"-q", "--queues"},
            description = "Comma-separated names of the queues to listen to (empty string for all queues).")
    @Nullable
    String queues;

    @Option(
            names = {"-c", "--concurrency"},
            description = "Number of parallel asynchronous jobs to process at once.")
    @Nullable
    Integer concurrency;

    @Option(
            names = {"-p", "--fetch-job-polling-interval"},
            paramLabel = "SECONDS",
            description = "How long to wait for a notification of the database before polling for jobs.")
    @Nullable
    Duration fetchJobPollingInterval;

    @Option(
            names = {"-a", "--abort-job-polling-interval"},
            paramLabel = "SECONDS",
            description = "How often to poll for abort requests.")
    @Nullable
    Duration abortJobPollingInterval;

    @Option(
            names = "--shutdown-graceful-timeout",
            paramLabel = "SECONDS",
            description = "How long to wait for jobs to complete when shutting down before aborting them.")
    @Nullable
    Duration shutdownGracefulTimeout;

    @Option(
            names = {"-w", "--wait"},
            negatable = true,
            fallbackValue = "true",
            description =
                    "When all jobs have been processed, whether to wait for others (--wait) or to stop (--no-wait).")
    @Nullable
    Boolean waitForJobs;

    @Option(
            names = "--one-shot",
            fallbackValue = "true",
            description = "Stop when all jobs have been processed: the same as --no-wait.")
    boolean oneShot;

    @Option(
            names = {"-l", "--listen-notify"},
            negatable = true,
            fallbackValue = "true",
            description = "Whether to actively listen for new jobs, beside polling.")
    @Nullable
    Boolean listenNotify;

    @Option(
            names = "--delete-jobs",
            description = "Whether to delete jobs when they have ended: never, successful or always.")
    @Nullable
    DeleteJobs deleteJobs;

    @Option(
            names = "--local-queue-size",
            paramLabel = "JOBS",
            description = "How many jobs to fetch at most beyond those that can run now.")
    @Nullable
    Integer localQueueSize;

    @Option(
            names = "--local-queue-time-to-live",
            paramLabel = "SECONDS",
            description = "How long a fetched job may wait to run before it is given back.")
    @Nullable
    Duration localQueueTimeToLive;

    @Override
    public Integer call() {
        App app = Objects.requireNonNull(root).requireApp();
        try (app) {
            if (!(app.connector() instanceof AsyncConnector)) {
                throw new LoadFromPathException(
                        "The connector provided by the app is not async. Please use an async connector for the"
                                + " procrastinate CLI: give the app ThreadedConnector.over(connector), or let it"
                                + " choose its connector itself.",
                        null);
            }
            WorkerOptions options = validOptions(app.workerDefaults());
            String served = options.queues().isEmpty() ? "all queues" : String.join(", ", options.queues());
            Procrastinate.err(Objects.requireNonNull(spec)).println("Launching a worker on " + served);
            Procrastinate.err(spec).flush();
            app.runWorker(options);
        }
        return 0;
    }

    private WorkerOptions validOptions(WorkerOptions defaults) {
        try {
            return options(defaults);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(Objects.requireNonNull(spec).commandLine(), e.getMessage(), e);
        }
    }

    private WorkerOptions options(WorkerOptions defaults) {
        WorkerOptions.Builder options = defaults.toBuilder();
        if (name != null) {
            options.name(name);
        }
        if (queues != null) {
            options.queues(names(queues));
        }
        if (concurrency != null) {
            options.concurrency(concurrency);
        }
        if (fetchJobPollingInterval != null) {
            options.fetchPollingInterval(fetchJobPollingInterval);
        }
        if (abortJobPollingInterval != null) {
            options.abortPollingInterval(abortJobPollingInterval);
        }
        if (shutdownGracefulTimeout != null) {
            options.shutdownGracefulTimeout(shutdownGracefulTimeout);
        }
        Boolean waits = waits();
        if (waits != null) {
            options.waitForJobs(waits);
        }
        if (listenNotify != null) {
            options.listenNotify(listenNotify);
        }
        if (deleteJobs != null) {
            options.deleteJobs(deleteJobs);
        }
        if (localQueueSize != null) {
            options.localQueueSize(localQueueSize);
        }
        if (localQueueTimeToLive != null) {
            options.localQueueTimeToLive(localQueueTimeToLive);
        }
        return options.build();
    }

    /**
     * The last one of --wait and --one-shot on the command line counts, as in the original; without either, the
     * environment.
     */
    @Nullable
    Boolean waits() {
        List<String> given = Objects.requireNonNull(spec).commandLine().getParseResult().matchedOptions().stream()
                .map(OptionSpec::longestName)
                .filter(List.of("--wait", "--one-shot")::contains)
                .toList();
        boolean stops = given.isEmpty() ? oneShot : given.get(given.size() - 1).equals("--one-shot");
        return stops ? Boolean.FALSE : waitForJobs;
    }

    private static List<String> names(String list) {
        return Arrays.stream(list.split(",", -1))
                .map(String::strip)
                .filter(name -> !name.isEmpty())
                .toList();
    }
}
