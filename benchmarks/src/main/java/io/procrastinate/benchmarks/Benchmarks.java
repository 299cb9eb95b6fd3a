package io.procrastinate.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code benchmarks/run}. */
@Command(
        name = "benchmarks/run",
        mixinStandardHelpOptions = true,
        usageHelpWidth = 110,
        sortOptions = false,
        description = {
            "Measures this library beside raw SQL and other queues, on a durable embedded PostgreSQL.",
            "All systems take turns in each round, each in a separate process; only the ratios within a round count."
                    + " Results go to benchmarks/results/NAME as ratios.txt, ratios.json, samples.json (with"
                    + " absolute values) and PNG plots. docs/benchmarks.md describes the method.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  benchmarks/run --quick                                    a smoke run of all",
            "  benchmarks/run --measures drain --systems pgjdbc,raw-pgjdbc --concurrency 100",
            "  benchmarks/run --measures fetch --rounds 3",
            "  benchmarks/run pieces -f 1 Json                           JMH on the pieces, with JMH's own options"
        })
public final class Benchmarks implements Callable<Integer> {

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli
    private CommandSpec spec;

    @Option(
            names = "--measures",
            split = ",",
            paramLabel = "NAME",
            description =
                    "What to measure: defer, batch, drain, work, latency, schedule, idle, crowd, fetch. Default: all.")
    private List<String> measures = List.copyOf(Measure.all().keySet());

    @Option(
            names = "--systems",
            split = ",",
            paramLabel = "NAME",
            description = "Which systems take part, including this library's connectors; --list prints their names."
                    + " Default: all.")
    private List<String> systems =
            MeasuredSystem.all().stream().map(MeasuredSystem::name).toList();

    @Option(names = "--rounds", paramLabel = "N", description = "Rounds that count. Default: ${DEFAULT-VALUE}.")
    private int rounds = 5;

    @Option(names = "--jobs", paramLabel = "N", description = "The most jobs of a drain. Default: ${DEFAULT-VALUE}.")
    private int jobs = 200_000;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            description = "Roughly how long one turn may take: a slow system gets fewer jobs. Default:"
                    + " ${DEFAULT-VALUE}.")
    private double seconds = 10;

    @Option(
            names = "--concurrency",
            split = ",",
            paramLabel = "N",
            description = "Jobs at a time in a drain. Default: 1,10,100.")
    private List<Integer> concurrency = List.of(1, 10, 100);

    @Option(
            names = "--slots",
            split = ",",
            paramLabel = "N",
            description = "Jobs at a time that work for a millisecond each. Default: 16,64,256.")
    private List<Integer> slots = List.of(16, 64, 256);

    @Option(
            names = "--threads",
            split = ",",
            paramLabel = "N",
            description = "Threads that defer at the same time. Default: 1,8,64.")
    private List<Integer> threads = List.of(1, 8, 64);

    @Option(
            names = "--scale",
            paramLabel = "FACTOR",
            description = "Factor for the sizes of the backlogs of fetch. Default: ${DEFAULT-VALUE}.")
    private double scale = 1;

    @Option(names = "--quick", description = "A smoke run: one round, small sizes. Its ratios mean little.")
    private boolean quick;

    @Option(names = "--name", paramLabel = "NAME", description = "Name of the results. Default: ${DEFAULT-VALUE}.")
    private String name = "latest";

    @Option(names = "--list", description = "Prints the names of the systems and ends.")
    private boolean list;

    @Option(names = "--home", hidden = true, description = "The folder of the module.")
    private Path home = Path.of("benchmarks");

    /** Runs the command and ends the process with its status. */
    public static void main(String... args) throws Exception {
        if (args.length > 0 && args[0].equals("pieces")) {
            org.openjdk.jmh.Main.main(List.of(args).subList(1, args.length).toArray(String[]::new));
            return;
        }
        System.exit(new CommandLine(new Benchmarks()).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        if (list) {
            MeasuredSystem.all()
                    .forEach(system -> out.printf(
                            "%-22s %s%n", system.name(), String.join(", ", new TreeSet<>(system.measures()))));
            return 0;
        }
        Options options = options();
        Files.createDirectories(options.work());
        Results results = new Results();
        try (Server server = Server.start()) {
            Report report = new Report(results, Machine.describe(server));
            Field field = new Field(options, server, new Toolchain(options.sources(), options.work()), results, out);
            for (Map.Entry<String, Measure> measure : Measure.all().entrySet()) {
                if (options.measures().contains(measure.getKey())) {
                    measure.getValue().run(field);
                    // Results are kept even if a later measurement fails.
                    report.write(options.results());
                    new Plots(results).write(options.results());
                }
            }
            out.println(report.table());
        }
        out.println("Written to " + options.results());
        return 0;
    }

    private Options options() {
        requireKnown("measure", measures, List.copyOf(Measure.all().keySet()));
        requireKnown(
                "system",
                systems,
                MeasuredSystem.all().stream().map(MeasuredSystem::name).toList());
        if (rounds < 1 || jobs < 1 || seconds <= 0 || scale <= 0) {
            throw new ParameterException(spec.commandLine(), "Rounds, jobs, seconds and scale must be positive");
        }
        Path work = home.resolve("target/benchmarks").toAbsolutePath();
        return new Options(
                measures,
                systems,
                quick ? 1 : rounds,
                quick ? Math.min(jobs, 1_000) : jobs,
                quick ? 0.3 : seconds,
                quick ? List.of(10) : concurrency,
                quick ? List.of(16) : slots,
                quick ? List.of(1, 8) : threads,
                quick ? 0.01 : scale,
                home.resolve("results").resolve(name),
                work,
                home.resolve("src/main").toAbsolutePath());
    }

    private void requireKnown(String what, List<String> names, List<String> known) {
        for (String asked : names) {
            if (!known.contains(asked)) {
                throw new ParameterException(
                        spec.commandLine(),
                        "No " + what + " named '" + asked + "'. Known: " + String.join(", ", known));
            }
        }
    }
}
