package io.procrastinate.spring;

import io.procrastinate.App;
import io.procrastinate.AppHealth;
import io.procrastinate.worker.WorkerHealth;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the queue's health and its endpoint show of this process. Thread-safe. */
public final class ProcrastinateStatus {

    private final App app;
    private final @Nullable WorkerLifecycle workers;

    ProcrastinateStatus(App app, @Nullable WorkerLifecycle workers) {
        this.app = app;
        this.workers = workers;
    }

    /**
     * The health now.
     *
     * @param healthy whether the app can defer, and all workers are healthy
     * @param details the database's problem, if any, and each worker's state, running jobs, heartbeat and problems
     */
    public record Health(boolean healthy, Map<String, Object> details) {}

    /** Examines the health; returns within 5 seconds, and does not throw if the database is away. */
    public Health health() {
        Map<String, Object> details = new LinkedHashMap<>();
        AppHealth database = app.health();
        if (database.problem() != null) {
            details.put("database", database.problem());
        }
        boolean healthy = database.isHealthy();
        for (Map.Entry<String, WorkerHealth> worker : health(workers).entrySet()) {
            healthy &= worker.getValue().isHealthy();
            details.put(worker.getKey(), shown(worker.getValue()));
        }
        return new Health(healthy, details);
    }

    /** Each worker's state, running jobs, heartbeat and problems. */
    public Map<String, Object> workers() {
        Map<String, Object> shown = new LinkedHashMap<>();
        health(workers).forEach((name, health) -> shown.put(name, shown(health)));
        return shown;
    }

    private static Map<String, WorkerHealth> health(@Nullable WorkerLifecycle workers) {
        return workers == null ? Map.of() : workers.health();
    }

    private static Map<String, Object> shown(WorkerHealth health) {
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put("state", health.state());
        shown.put("runningJobs", health.runningJobs());
        if (health.lastHeartbeat() != null) {
            shown.put("lastHeartbeat", health.lastHeartbeat());
        }
        if (!health.problems().isEmpty()) {
            shown.put(
                    "problems", health.problems().stream().map(String::valueOf).toList());
        }
        return shown;
    }
}
