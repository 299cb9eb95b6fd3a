package io.procrastinate.spring.boot4;

import io.procrastinate.spring.ProcrastinateStatus;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/** The health {@code procrastinate}, for Actuator: DOWN while jobs cannot be deferred, or a worker has problems. */
@AutoConfiguration(afterName = "io.procrastinate.spring.ProcrastinateAutoConfiguration")
@ConditionalOnClass({HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class})
@ConditionalOnBean(ProcrastinateStatus.class)
@ConditionalOnEnabledHealthIndicator("procrastinate")
class QueueHealthAutoConfiguration {

    @Bean
    @ConditionalOnMissingBean(name = "procrastinateHealthIndicator")
    HealthIndicator procrastinateHealthIndicator(ProcrastinateStatus status) {
        return () -> {
            ProcrastinateStatus.Health health = status.health();
            return (health.healthy() ? Health.up() : Health.down())
                    .withDetails(health.details())
                    .build();
        };
    }
}
