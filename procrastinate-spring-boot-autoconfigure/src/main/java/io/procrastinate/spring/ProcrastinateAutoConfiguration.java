package io.procrastinate.spring;

import io.procrastinate.App;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.job.DeferMiddleware;
import io.procrastinate.job.JobManager;
import io.procrastinate.json.JsonCodec;
import io.procrastinate.task.Middleware;
import io.procrastinate.worker.WorkerListener;
import io.procrastinate.worker.WorkerOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;
import org.springframework.util.ClassUtils;

/** The app over the application's own pool, its tasks, and its workers. */
@AutoConfiguration(
        afterName = {
            "org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration",
            "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration",
            "org.springframework.boot.autoconfigure.flyway.FlywayAutoConfiguration",
            "org.springframework.boot.flyway.autoconfigure.FlywayAutoConfiguration",
            "org.springframework.boot.autoconfigure.liquibase.LiquibaseAutoConfiguration",
            "org.springframework.boot.liquibase.autoconfigure.LiquibaseAutoConfiguration"
        })
@ConditionalOnProperty(prefix = "procrastinate", name = "enabled", matchIfMissing = true)
@EnableConfigurationProperties(ProcrastinateProperties.class)
class ProcrastinateAutoConfiguration {

    /** What a stopping worker needs besides its jobs' time: it interrupts them, and stores their results. */
    private static final Duration BESIDES_JOBS = Duration.ofSeconds(12);

    private static final Duration DEVELOPING = Duration.ofSeconds(2);

    private static final String RESTARTER = "org.springframework.boot.devtools.restart.classloader.RestartClassLoader";

    @Bean
    Opening procrastinateOpening(ProcrastinateProperties properties) {
        return new Opening(properties.schema().mode());
    }

    @Bean(destroyMethod = "close")
    @ConditionalOnMissingBean
    @DependsOnDatabaseInitialization
    App procrastinateApp(
            ProcrastinateProperties properties,
            Opening opening,
            ConfigurableListableBeanFactory beans,
            ObjectProvider<JsonCodec> codec,
            ObjectProvider<DeferMiddleware> middleware,
            ObjectProvider<AppCustomizer> customizers) {
        Object pool = pool(properties, beans);
        App.Builder builder = App.builder();
        ConnectorSettings settings = settings(properties, pool);
        if (settings != null) {
            builder.settings(settings);
        }
        if (properties.retention() != null) {
            builder.retention(properties.retention());
        }
        if (pool instanceof DataSource source && ClassUtils.isPresent(Jdbc.CLASS, null)) {
            builder.currentTransaction(
                    new SpringTransaction(source, properties.transactions().join()));
        }
        codec.ifUnique(builder::jsonCodec);
        middleware.orderedStream().forEach(builder::deferMiddleware);
        customizers.orderedStream().forEach(customizer -> customizer.customize(builder));
        App app = builder.build();
        opening.open(app, pool);
        return app;
    }

    private static @Nullable ConnectorSettings settings(ProcrastinateProperties properties, @Nullable Object pool) {
        ConnectorSettings.Builder settings = ConnectorSettings.builder();
        if (properties.url() != null) {
            settings.url(properties.url());
        } else if (pool == null && properties.listenUrl() == null) {
            return null;
        } else if (properties.listenUrl() == null) {
            return ConnectorSettings.defaults();
        }
        if (properties.listenUrl() != null) {
            settings.listenUrl(properties.listenUrl());
        }
        return settings.build();
    }

    /** The application's pool, bare: the app's own statements are no part of Spring's transactions. */
    private static @Nullable Object pool(ProcrastinateProperties properties, ConfigurableListableBeanFactory beans) {
        Object pool = null;
        if (properties.poolBean() != null) {
            pool = beans.getBean(properties.poolBean());
        } else if (properties.url() == null) {
            ObjectProvider<DataSource> sources = beans.getBeanProvider(DataSource.class);
            pool = sources.getIfUnique();
            if (pool == null && sources.stream().findAny().isPresent()) {
                throw new SeveralDataSourcesException(List.of(beans.getBeanNamesForType(DataSource.class)));
            }
        }
        return ClassUtils.isPresent(Jdbc.CLASS, null) ? Jdbc.bare(pool) : pool;
    }

    /** What needs Spring's classes for JDBC. */
    private static final class Jdbc {

        static final String CLASS = "org.springframework.jdbc.datasource.DelegatingDataSource";

        private Jdbc() {}

        static @Nullable Object bare(@Nullable Object pool) {
            Object bare = pool;
            while (bare instanceof org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy proxy
                    && proxy.getTargetDataSource() != null) {
                bare = proxy.getTargetDataSource();
            }
            return bare;
        }
    }

    @Bean
    TaskBeans procrastinateTaskBeans(App app, ConfigurableListableBeanFactory beans) {
        return new TaskBeans(app, beans);
    }

    @Bean
    @ConditionalOnMissingBean
    ProcrastinateTemplate procrastinateTemplate(App app, TaskBeans tasks) {
        return new ProcrastinateTemplate(app, tasks);
    }

    @Bean
    @ConditionalOnMissingBean
    JobManager procrastinateJobManager(App app) {
        return app.jobManager();
    }

    @Bean
    @ConditionalOnProperty(prefix = "procrastinate.worker", name = "enabled", matchIfMissing = true)
    WorkerLifecycle procrastinateWorkers(
            App app,
            ProcrastinateProperties properties,
            Environment environment,
            ConfigurableListableBeanFactory beans,
            ObjectProvider<Middleware> middleware,
            ObjectProvider<WorkerListener> listeners,
            ObjectProvider<WorkerOptionsCustomizer> customizers,
            ObjectProvider<WorkerWatcher> watchers) {
        Map<String, WorkerProperties> named = new LinkedHashMap<>(
                properties.workers() == null || properties.workers().isEmpty()
                        ? Map.of("worker", properties.worker())
                        : properties.workers());
        named.values().removeIf(worker -> !worker.isEnabled());
        String application = environment.getProperty("spring.application.name", "worker");
        List<WorkerOptions> options = new ArrayList<>();
        named.forEach((name, worker) -> {
            WorkerOptions.Builder builder =
                    WorkerProperties.defaults(named.size() == 1 ? application : application + "-" + name);
            properties.worker().applyTo(builder);
            worker.applyTo(builder);
            builder.middleware(middleware.orderedStream().toArray(Middleware[]::new));
            builder.listener(listeners.orderedStream().toArray(WorkerListener[]::new));
            customizers.orderedStream().forEach(customizer -> customizer.customize(name, builder));
            options.add(builder.build());
        });
        return new WorkerLifecycle(
                app,
                options,
                properties.worker().startsByItself(),
                limit(environment, beans.getBeanClassLoader()),
                watchers.orderedStream().toList());
    }

    private static Duration limit(Environment environment, @Nullable ClassLoader loader) {
        if (loader != null && loader.getClass().getName().equals(RESTARTER)) {
            return DEVELOPING;
        }
        Duration phase = environment.getProperty(
                "spring.lifecycle.timeout-per-shutdown-phase", Duration.class, Duration.ofSeconds(30));
        Duration left = phase.minus(BESIDES_JOBS);
        return left.isNegative() ? Duration.ZERO : left;
    }

    @Bean
    ProcrastinateStatus procrastinateStatus(App app, ObjectProvider<WorkerLifecycle> workers) {
        return new ProcrastinateStatus(app, workers.getIfAvailable());
    }
}
