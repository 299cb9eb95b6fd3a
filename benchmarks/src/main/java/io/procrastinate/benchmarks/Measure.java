package io.procrastinate.benchmarks;

import java.util.LinkedHashMap;
import java.util.Map;

/** One kind of measurement. */
interface Measure {

    /** Every kind, by name, in the order in which they run. */
    static Map<String, Measure> all() {
        Map<String, Measure> all = new LinkedHashMap<>();
        all.put("defer", new DeferMeasure());
        all.put("batch", new BatchMeasure());
        all.put("drain", new DrainMeasure());
        all.put("work", new WorkMeasure());
        all.put("latency", LatencyMeasure.ofDeferring());
        all.put("schedule", LatencyMeasure.ofSchedules());
        all.put("idle", new IdleMeasure("idle", 1));
        all.put("crowd", new IdleMeasure("crowd", 1_000));
        all.put("fetch", new FetchMeasure());
        return all;
    }

    void run(Field field);
}
