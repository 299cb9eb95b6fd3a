package io.procrastinate.examples.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.procrastinate.App;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.examples.TestDatabase;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.task.Blueprint;
import io.procrastinate.task.ProcrastinateTask;
import io.procrastinate.task.Task;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.aop.framework.ProxyFactory;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy;
import org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.annotation.EnableTransactionManagement;

/** The code of the page on Spring. */
class SpringTest {

    private static final TestDatabase DATABASE = TestDatabase.withSchema();

    /** The defaults of Spring Boot. */
    @Configuration
    @EnableTransactionManagement(proxyTargetClass = true)
    static class Boot {

        @Bean
        DataSource dataSource() {
            PGSimpleDataSource dataSource = new PGSimpleDataSource();
            dataSource.setUrl(DATABASE.jdbcUrl());
            return dataSource;
        }

        @Bean
        JdbcTemplate jdbcTemplate(DataSource dataSource) {
            return new JdbcTemplate(dataSource);
        }

        @Bean
        PlatformTransactionManager transactionManager(DataSource dataSource) {
            return new DataSourceTransactionManager(dataSource);
        }
    }

    @Test
    void jobsAreCommittedWithTheTransactionAndWorkedByTheBean() {
        DATABASE.execute(
                "CREATE TABLE orders (id bigserial PRIMARY KEY, customer text, confirmed boolean DEFAULT false)");
        try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext(
                Boot.class, QueueConfiguration.class, OrderTasks.class, OrderService.class)) {
            OrderService orders = context.getBean(OrderService.class);

            orders.place("ada");
            assertThatThrownBy(() -> orders.place(" ")).isInstanceOf(IllegalArgumentException.class);

            await().atMost(Duration.ofSeconds(30))
                    .untilAsserted(() -> assertThat(DATABASE.rows("SELECT customer, confirmed FROM orders"))
                            .containsExactly("ada t"));
        }
        assertThat(DATABASE.rows("SELECT task_name, status FROM procrastinate_jobs"))
                .containsExactly("order.confirm succeeded");
        assertThat(DATABASE.rows("SELECT count(*) FROM procrastinate_workers")).containsExactly("0");
    }

    @Test
    void aDataSourceThatSeemsToJoinTransactionsIsRefused() {
        DataSource dataSource = new Boot().dataSource();
        List<DataSource> pools = List.of(
                new TransactionAwareDataSourceProxy(dataSource),
                new DelegatingDataSource(new TransactionAwareDataSourceProxy(dataSource)));
        for (DataSource pool : pools) {
            try (App app = App.create()) {
                assertThatThrownBy(() -> app.open(pool))
                        .isInstanceOf(ConnectorException.class)
                        .hasMessageContaining("TransactionAwareDataSourceProxy")
                        .hasMessageContaining("the data source beneath it");
                assertThat(app.open(new LazyConnectionDataSourceProxy(dataSource))
                                .schemaManager()
                                .isApplied())
                        .isTrue();
            }
        }
    }

    interface Greeter {
        String greet(String name);
    }

    static class Greeting implements Greeter {

        @Override
        @ProcrastinateTask(name = "greet")
        public String greet(String name) {
            return "Hello " + name;
        }
    }

    static class Secretive {

        @ProcrastinateTask(name = "secret")
        private String secret() {
            return "never reached";
        }

        @ProcrastinateTask(name = "last")
        final String last() {
            return secret();
        }
    }

    @Test
    void methodsAreFoundBehindAProxyOfTheirClassAndOtherProxiesAreRefused() {
        ProxyFactory classes = new ProxyFactory(new Greeting());
        classes.setProxyTargetClass(true);
        ProxyFactory interfaces = new ProxyFactory(new Greeting());
        ProxyFactory secretive = new ProxyFactory(new Secretive());
        Blueprint blueprint = new Blueprint();

        assertThat(blueprint.addTasks(classes.getProxy()))
                .extracting(Task::name)
                .containsExactly("greet");
        assertThatThrownBy(() -> blueprint.addTasks(interfaces.getProxy()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("The object is a proxy")
                .hasMessageContaining("proxyTargetClass = true");
        assertThatThrownBy(() -> blueprint.addTasks(secretive.getProxy()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is private or final, and the object is a proxy");
    }

    /** The application's own pool waits longer for a connection than any probe. */
    @Configuration
    static class BootWithAPatientPool {

        static @Nullable EmbeddedPostgres server;

        @Bean
        DataSource dataSource() {
            HikariConfig pool = new HikariConfig();
            pool.setJdbcUrl(Objects.requireNonNull(server).getJdbcUrl("postgres", "postgres"));
            pool.setConnectionTimeout(Duration.ofSeconds(10).toMillis());
            return new HikariDataSource(pool);
        }

        @Bean
        JdbcTemplate jdbcTemplate(DataSource dataSource) {
            return new JdbcTemplate(dataSource);
        }
    }

    @Test
    void healthIsDownWhileTheServerIsAwayAndTheAnswerDoesNotWaitForIt() throws IOException {
        EmbeddedPostgres server = EmbeddedPostgres.start();
        BootWithAPatientPool.server = server;
        ConnectorSettings settings = ConnectorSettings.of(
                "postgresql://postgres@127.0.0.1:" + server.getPort() + "/postgres?sslmode=disable");
        try (App app = App.create(settings).open()) {
            app.schemaManager().apply();
        }
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext(
                BootWithAPatientPool.class, QueueConfiguration.class, OrderTasks.class, QueueHealth.class);
        try {
            HealthIndicator health = context.getBean(QueueHealth.class);
            await().atMost(Duration.ofSeconds(30))
                    .untilAsserted(() -> assertThat(answer(health).getStatus()).isEqualTo(Status.UP));

            server.close();

            Health down = answer(health);
            assertThat(down.getStatus()).isEqualTo(Status.DOWN);
            assertThat(down.getDetails()).containsKeys("database", "worker", "problems");
            await().atMost(Duration.ofMinutes(2))
                    .untilAsserted(() -> assertThat(answer(health).getDetails().get("database"))
                            .asString()
                            .contains("not answered within PT5S"));
        } finally {
            context.close();
        }
    }

    private static Health answer(HealthIndicator health) {
        return Objects.requireNonNull(health.health());
    }
}
