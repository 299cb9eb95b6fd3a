package io.procrastinate.benchmarks;

import java.nio.file.Path;
import java.util.List;

/**
 * What a run measures, and how long.
 *
 * @param measures the names of what to measure
 * @param systems the names of the systems
 * @param rounds how many rounds count; one more before them warms up
 * @param jobs how many jobs a drain has at most
 * @param seconds roughly how long a drain, or a series of deferrals, should take at most
 * @param concurrency the numbers of jobs at a time
 * @param slots the numbers of jobs at a time that work
 * @param threads the numbers of threads that defer at the same time
 * @param scale what the sizes of the backlogs are multiplied with
 * @param results where the results go
 * @param work where logs and installed packages go
 * @param sources where the drivers' sources are
 */
record Options(
        List<String> measures,
        List<String> systems,
        int rounds,
        int jobs,
        double seconds,
        List<Integer> concurrency,
        List<Integer> slots,
        List<Integer> threads,
        double scale,
        Path results,
        Path work,
        Path sources) {

    /** Copies the lists. */
    Options {
        measures = List.copyOf(measures);
        systems = List.copyOf(systems);
        concurrency = List.copyOf(concurrency);
        slots = List.copyOf(slots);
        threads = List.copyOf(threads);
    }
}
