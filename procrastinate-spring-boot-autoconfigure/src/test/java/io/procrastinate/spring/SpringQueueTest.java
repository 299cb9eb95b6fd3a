package io.procrastinate.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.procrastinate.App;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.exception.SchemaException;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobFilter;
import io.procrastinate.job.JobStatus;
import io.procrastinate.task.JobContext;
import io.procrastinate.task.ProcrastinateTask;
import io.procrastinate.task.Task;
import io.procrastinate.testing.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.transaction.IllegalTransactionStateException;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionSynchronizationManager;

class SpringQueueTest {

    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final String database = "spring_" + ProcessHandle.current().pid() + "_" + NUMBER.incrementAndGet();

    private ApplicationContextRunner runner(String... properties) throws SQLException {
        ConnectorSettings server = PostgresServer.shared().administration();
        String prefix = "jdbc:postgresql://" + server.host() + ":" + server.port() + "/";
        try (HikariDataSource maintenance = source(prefix + server.database(), server, 1);
                Connection connection = maintenance.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE DATABASE " + database);
        }
        return new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(ProcrastinateAutoConfiguration.class))
                .withBean(DataSource.class, () -> source(prefix + database, server, 15))
                .withUserConfiguration(Shop.class)
                .withPropertyValues(properties);
    }

    private static HikariDataSource source(String url, ConnectorSettings server, int connections) {
        HikariDataSource source = new HikariDataSource();
        source.setJdbcUrl(url);
        source.setUsername(server.user());
        source.setPassword(server.password());
        source.setMaximumPoolSize(connections);
        source.setMinimumIdle(0);
        return source;
    }

    @Configuration(proxyBeanMethods = false)
    @EnableTransactionManagement(proxyTargetClass = true)
    static class Shop {

        @Bean
        PlatformTransactionManager transactionManager(DataSource dataSource) {
            return new DataSourceTransactionManager(dataSource);
        }

        @Bean
        @Lazy
        OrderTasks orderTasks() {
            return new OrderTasks();
        }

        @Bean
        Orders orders(ProcrastinateTemplate queue) {
            return new Orders(queue);
        }

        @Bean
        Task<Charge> charge(App app) {
            return app.task("charge", Charge.class).run(charge -> {});
        }
    }

    record Charge(long order) {}

    static class OrderTasks {

        @Transactional
        @ProcrastinateTask(
                name = "order.confirm",
                queue = "${shop.queue:orders}",
                cron = "${shop.cron:-}",
                storeResult = true)
        public String confirm(long order, JobContext context) {
            return order + " " + TransactionSynchronizationManager.isActualTransactionActive() + " "
                    + context.job().queue();
        }
    }

    @SuppressWarnings("NullAway") // the context of the run takes the place of null
    static class Orders {

        private final ProcrastinateTemplate queue;

        Orders(ProcrastinateTemplate queue) {
            this.queue = queue;
        }

        @Transactional
        public long place(long order, boolean fails) {
            long id = queue.defer(OrderTasks::confirm, order, null);
            if (fails) {
                throw new IllegalStateException("the order fails");
            }
            return id;
        }

        @Transactional(readOnly = true)
        public long look(long order) {
            return queue.defer(OrderTasks::confirm, order, null);
        }
    }

    @Test
    void aJobIsPartOfTheTransactionInWhichItIsDeferred() throws SQLException {
        runner("procrastinate.schema.mode=ensure", "procrastinate.worker.enabled=false")
                .run(context -> {
                    Orders orders = context.getBean(Orders.class);
                    App app = context.getBean(App.class);

                    assertThatThrownBy(() -> orders.place(1, true)).isInstanceOf(IllegalStateException.class);
                    assertThatThrownBy(() -> orders.look(2))
                            .isInstanceOf(IllegalTransactionStateException.class)
                            .hasMessageContaining("read-only");
                    assertThat(app.jobManager().list(JobFilter.ALL)).isEmpty();

                    long id = orders.place(3, false);
                    assertThat(app.jobManager().list(JobFilter.ALL))
                            .extracting(Job::id, Job::taskName, Job::queue)
                            .containsExactly(tuple(id, "order.confirm", "orders"));
                    assertThat(context.getBeansOfType(WorkerLifecycle.class)).isEmpty();
                });
    }

    @Test
    void theWorkerCallsTheBeanThroughItsProxyAndStartsAnewWithTheContext() throws SQLException {
        runner("procrastinate.schema.mode=ensure", "shop.queue=vip", "spring.application.name=shop")
                .run(context -> {
                    Orders orders = context.getBean(Orders.class);
                    App app = context.getBean(App.class);

                    assertThat(result(app, orders.place(5, false))).isEqualTo("\"5 true vip\"");
                    context.getSourceApplicationContext().stop();
                    context.getSourceApplicationContext().start();
                    assertThat(result(app, orders.place(6, false))).isEqualTo("\"6 true vip\"");

                    assertThat(context.getBean(ProcrastinateStatus.class)
                                    .health()
                                    .details())
                            .containsKey("shop");
                    await().until(() ->
                            context.getBean(ProcrastinateStatus.class).health().healthy());
                });
    }

    private static String result(App app, long id) {
        await().atMost(Duration.ofSeconds(30)).until(() -> app.jobManager().status(id) == JobStatus.SUCCEEDED);
        return String.valueOf(app.jobManager().list(JobFilter.ALL.id(id)).get(0).result());
    }

    @Test
    void twoInstancesMayStartAtOnceOnAnEmptyDatabase() throws SQLException {
        ApplicationContextRunner runner = runner("procrastinate.schema.mode=ensure");

        List<CompletableFuture<Boolean>> instances = List.of(started(runner), started(runner));

        assertThat(instances).allSatisfy(instance -> assertThat(instance.join()).isTrue());
    }

    private static CompletableFuture<Boolean> started(ApplicationContextRunner runner) {
        CompletableFuture<Boolean> started = new CompletableFuture<>();
        Thread thread = new Thread(() -> runner.run(context -> started.complete(context.getStartupFailure() == null)));
        thread.start();
        return started;
    }

    @Test
    void withoutASchemaTheApplicationDoesNotStartAndIsToldWhatToDo() throws SQLException {
        runner().run(context -> {
            assertThat(context).getFailure().hasRootCauseInstanceOf(SchemaException.class);
            assertThat(action(context)).contains("procrastinate.schema.mode=ensure");
        });
    }

    private static String action(AssertableApplicationContext context) {
        FailureAnalysis analysis =
                new StartFailureAnalyzer().analyze(Objects.requireNonNull(context.getStartupFailure()));
        return Objects.requireNonNull(analysis).getAction();
    }

    @Test
    void ofTwoDataSourcesOneMustBeChosen() throws SQLException {
        runner().withBean("second", DataSource.class, HikariDataSource::new)
                .run(context -> assertThat(action(context)).contains("procrastinate.pool-bean"));
    }

    @Test
    void aDatabaseThatIsAwayDoesNotKeepTheApplicationFromStarting() throws SQLException {
        ConnectorSettings server = PostgresServer.shared().administration();
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(ProcrastinateAutoConfiguration.class))
                .withBean(DataSource.class, () -> {
                    HikariDataSource away = source("jdbc:postgresql://127.0.0.1:1/none", server, 3);
                    away.setConnectionTimeout(250);
                    away.setInitializationFailTimeout(-1);
                    return away;
                })
                .run(context -> {
                    assertThat(context).hasNotFailed();
                    assertThat(context.getBean(ProcrastinateStatus.class)
                                    .health()
                                    .healthy())
                            .isFalse();
                });
    }
}
