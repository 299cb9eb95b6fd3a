package io.procrastinate.examples.spring;

import io.procrastinate.App;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerOptions;
import java.time.Duration;
import javax.sql.DataSource;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The app and a worker as beans, over the application's own pool. */
@Configuration
class QueueConfiguration {

    /** Deferring, and everything else but workers, needs only this bean. */
    @Bean(destroyMethod = "close")
    App queue(DataSource dataSource, OrderTasks orderTasks) {
        App app = App.create();
        app.addTasks(orderTasks);
        return app.open(dataSource);
    }

    /** Works as long as the application runs, and ends its jobs before the application's beans are closed. */
    @Bean(initMethod = "start", destroyMethod = "close")
    Worker worker(App queue) {
        return queue.worker(WorkerOptions.builder()
                .concurrency(10)
                .shutdownGracefulTimeout(Duration.ofSeconds(20))
                .build());
    }
}
