package io.procrastinate.benchmarks.driver;

import com.sun.management.ThreadMXBean;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A measured process: reads a command as a line of JSON, does it, and answers with a line of JSON. The drivers in other
 * languages understand the same commands.
 */
public final class DriverMain {

    private static final int FILL_BATCH = 1_000;
    private static final Duration DRAIN_LIMIT = Duration.ofMinutes(10);

    private final Driver driver;
    private @Nullable Counter working;

    private DriverMain(Driver driver) {
        this.driver = driver;
    }

    /** Takes the driver's name and the database's URL. */
    public static void main(String... args) throws Exception {
        JsonMapper json = JsonMapper.shared();
        // The output of a library must not be mistaken for an answer.
        PrintStream answers = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        System.setOut(System.err);
        try (Driver driver = Drivers.named(args[0], args[1]);
                BufferedReader commands =
                        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            DriverMain main = new DriverMain(driver);
            for (String line = commands.readLine(); line != null; line = commands.readLine()) {
                answers.println(json.writeValueAsString(main.answer(json.readTree(line))));
            }
        }
        System.exit(0);
    }

    private Map<String, Object> answer(JsonNode command) {
        try {
            return execute(command);
        } catch (Exception e) { // the harness reports it
            e.printStackTrace();
            return Map.of("error", e.toString());
        }
    }

    private Map<String, Object> execute(JsonNode command) throws Exception {
        String name = command.get("do").asString();
        switch (name) {
            case "install" -> driver.install();
            case "fill" -> fill(command.get("jobs").asInt());
            case "defer" -> {
                return defer(
                        command.get("calls").asInt(), command.get("threads").asInt());
            }
            case "batch" -> {
                return batch(command.get("calls").asInt(), command.get("size").asInt());
            }
            case "drain" -> {
                return drain(
                        command.get("jobs").asInt(), command.get("concurrency").asInt());
            }
            case "work" -> {
                working = new Counter(Long.MAX_VALUE, command.path("millis").asInt(0));
                for (int left = command.path("workers").asInt(1); left > 0; left--) {
                    driver.startWorker(command.get("concurrency").asInt(), working);
                }
            }
            case "ended" -> {
                return Map.of("count", working == null ? 0 : working.count());
            }
            case "latencies" -> {
                return Map.of("millis", working == null ? List.of() : working.latencies());
            }
            case "stop" -> driver.stopWorker();
            case "probe" ->
                probe(
                        command.get("calls").asInt(),
                        command.get("pause").asInt(),
                        command.path("ahead").asInt(0));
            default -> throw new IllegalArgumentException("No command " + name);
        }
        return Map.of();
    }

    private void fill(int jobs) throws Exception {
        for (int left = jobs; left > 0; left -= FILL_BATCH) {
            driver.deferBatch(Math.min(left, FILL_BATCH));
        }
    }

    private Map<String, Object> defer(int calls, int threads) throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try {
            AtomicInteger left = new AtomicInteger(calls);
            List<Future<List<Double>>> parts = new ArrayList<>();
            long start = System.nanoTime();
            for (int thread = 0; thread < threads; thread++) {
                parts.add(executor.submit(() -> {
                    List<Double> millis = new ArrayList<>();
                    while (left.getAndDecrement() > 0) {
                        long before = System.nanoTime();
                        driver.defer(0);
                        millis.add((System.nanoTime() - before) / 1e6);
                    }
                    return millis;
                }));
            }
            List<Double> millis = new ArrayList<>();
            for (Future<List<Double>> part : parts) {
                millis.addAll(part.get());
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            Collections.sort(millis);
            return Map.of("seconds", seconds, "millis", List.of(at(millis, 0.5), at(millis, 0.95), at(millis, 0.99)));
        } finally {
            executor.shutdownNow();
        }
    }

    private static double at(List<Double> sorted, double share) {
        return sorted.get((int) Math.min(sorted.size() - 1, Math.round(share * sorted.size())));
    }

    private Map<String, Object> batch(int calls, int size) throws Exception {
        long start = System.nanoTime();
        for (int call = 0; call < calls; call++) {
            driver.deferBatch(size);
        }
        return Map.of("seconds", (System.nanoTime() - start) / 1e9);
    }

    private Map<String, Object> drain(int jobs, int concurrency) throws Exception {
        Counter counter = new Counter(jobs, 0);
        Map<Long, Long> before = allocations();
        long start = System.nanoTime();
        driver.startWorker(concurrency, counter);
        counter.await(DRAIN_LIMIT);
        double seconds = (System.nanoTime() - start) / 1e9;
        Map<Long, Long> after = allocations();
        driver.stopWorker();
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("seconds", seconds);
        answer.put("allocated", allocated(before, after));
        return answer;
    }

    /** What each live thread has allocated so far: a job's virtual thread counts on its carrier thread. */
    private static Map<Long, Long> allocations() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long[] ids = threads.getAllThreadIds();
        long[] bytes = threads.getThreadAllocatedBytes(ids);
        Map<Long, Long> allocations = new LinkedHashMap<>();
        for (int index = 0; index < ids.length; index++) {
            allocations.put(ids[index], bytes[index]);
        }
        return allocations;
    }

    private static long allocated(Map<Long, Long> before, Map<Long, Long> after) {
        return after.entrySet().stream()
                .mapToLong(thread -> thread.getValue() - before.getOrDefault(thread.getKey(), 0L))
                .sum();
    }

    private void probe(int calls, int pause, int ahead) throws Exception {
        for (int call = 0; call < calls; call++) {
            // Not in step with anything that polls.
            Thread.sleep(pause + ThreadLocalRandom.current().nextInt(pause + 1));
            if (ahead > 0) {
                driver.schedule(ahead);
            } else {
                driver.defer(Counter.now());
            }
        }
    }
}
