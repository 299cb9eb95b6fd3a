package io.procrastinate.spring;

import io.micrometer.observation.ObservationRegistry;
import io.procrastinate.job.DeferMiddleware;
import io.procrastinate.micrometer.ProcrastinateObservations;
import io.procrastinate.task.Middleware;
import io.procrastinate.worker.WorkerListener;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/** Observes deferrals and runs, in an application with a registry of observations: so a trace goes on in the job. */
@AutoConfiguration(
        beforeName = "io.procrastinate.spring.ProcrastinateAutoConfiguration",
        afterName = {
            "org.springframework.boot.actuate.autoconfigure.observation.ObservationAutoConfiguration",
            "org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration"
        })
@ConditionalOnClass({ObservationRegistry.class, ProcrastinateObservations.class})
@ConditionalOnBean(ObservationRegistry.class)
@ConditionalOnProperty(prefix = "procrastinate", name = "enabled", matchIfMissing = true)
class QueueObservationAutoConfiguration {

    @Bean
    @ConditionalOnMissingBean
    ProcrastinateObservations procrastinateObservations(ObservationRegistry registry) {
        return ProcrastinateObservations.create(registry);
    }

    @Bean
    @Order(Ordered.HIGHEST_PRECEDENCE)
    DeferMiddleware procrastinateObservedDeferrals(ProcrastinateObservations observations) {
        return observations.deferMiddleware();
    }

    @Bean
    @Order(Ordered.HIGHEST_PRECEDENCE)
    Middleware procrastinateObservedRuns(ProcrastinateObservations observations) {
        return observations.middleware();
    }

    @Bean
    @Order(Ordered.HIGHEST_PRECEDENCE)
    WorkerListener procrastinateObservedOutcomes(ProcrastinateObservations observations) {
        return observations.listener();
    }
}
