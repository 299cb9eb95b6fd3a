package io.procrastinate.examples.spring;

import io.procrastinate.App;
import io.procrastinate.AppHealth;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerHealth;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.stereotype.Component;

/** Reports to Spring Boot's Actuator whether jobs can be deferred, and whether the worker works. */
@Component
class QueueHealth implements HealthIndicator {

    private final App queue;
    private final Worker worker;

    QueueHealth(App queue, Worker worker) {
        this.queue = queue;
        this.worker = worker;
    }

    @Override
    public Health health() {
        AppHealth deferring = queue.health();
        WorkerHealth working = worker.health();
        Health.Builder health = deferring.isHealthy() && working.isHealthy() ? Health.up() : Health.down();
        if (deferring.problem() != null) {
            health.withDetail("database", deferring.problem());
        }
        return health.withDetail("worker", working.state())
                .withDetail(
                        "problems",
                        working.problems().stream().map(String::valueOf).toList())
                .build();
    }
}
