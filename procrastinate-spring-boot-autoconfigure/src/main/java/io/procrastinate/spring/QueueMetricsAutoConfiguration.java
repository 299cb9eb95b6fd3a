package io.procrastinate.spring;

import io.micrometer.core.instrument.MeterRegistry;
import io.procrastinate.App;
import io.procrastinate.micrometer.ProcrastinateMeters;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;

/** The queue's meters, in an application with a registry. They are middleware and listener, which the app looks for. */
@AutoConfiguration(
        beforeName = "io.procrastinate.spring.ProcrastinateAutoConfiguration",
        afterName = {
            "org.springframework.boot.actuate.autoconfigure.metrics.CompositeMeterRegistryAutoConfiguration",
            "org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration"
        })
@ConditionalOnClass({MeterRegistry.class, ProcrastinateMeters.class})
@ConditionalOnBean(MeterRegistry.class)
@ConditionalOnProperty(
        name = {"procrastinate.enabled", "procrastinate.metrics.enabled"},
        matchIfMissing = true)
class QueueMetricsAutoConfiguration {

    @Bean(destroyMethod = "close")
    @ConditionalOnMissingBean
    ProcrastinateMeters procrastinateMeters(ProcrastinateProperties properties) {
        return ProcrastinateMeters.create(properties.metrics().backlogInterval());
    }

    @Bean
    SmartInitializingSingleton procrastinateBacklogMeters(ProcrastinateMeters meters, App app) {
        return () -> meters.watch(app);
    }

    @Bean
    WorkerWatcher procrastinateWorkerMeters(ProcrastinateMeters meters) {
        return meters::watch;
    }
}
