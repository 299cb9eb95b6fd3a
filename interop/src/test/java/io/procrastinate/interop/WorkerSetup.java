package io.procrastinate.interop;

import java.time.Duration;
import java.util.List;

/** How a worker of either language works. */
record WorkerSetup(List<String> queues, int concurrency, Duration polling) {

    /** Jobs are found by polling soon enough for a test. */
    static final Duration SOON = Duration.ofMillis(200);

    /** Only a notification wakes such a worker within the time of a test. */
    static final Duration NEVER = Duration.ofHours(1);

    static WorkerSetup on(String... queues) {
        return new WorkerSetup(List.of(queues), 4, SOON);
    }

    WorkerSetup concurrency(int most) {
        return new WorkerSetup(queues, most, polling);
    }

    WorkerSetup polling(Duration interval) {
        return new WorkerSetup(queues, concurrency, interval);
    }
}
