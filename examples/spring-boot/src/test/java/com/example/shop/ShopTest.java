package com.example.shop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.job.JobFilter;
import io.procrastinate.job.JobManager;
import io.procrastinate.testing.PostgresServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** The shop as it is, on a real server. */
@SpringBootTest(
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = "management.defaults.metrics.export.enabled=true")
class ShopTest {

    private static final Duration LONG = Duration.ofSeconds(60);

    private final HttpClient browser = HttpClient.newHttpClient();

    @Value("${local.server.port}")
    private int port;

    @Autowired
    private JobManager jobs;

    @Autowired
    private Orders orders;

    @DynamicPropertySource
    static void database(DynamicPropertyRegistry properties) {
        ConnectorSettings server = PostgresServer.shared().administration();
        properties.add(
                "spring.datasource.url",
                () -> "jdbc:postgresql://" + server.host() + ":" + server.port() + "/" + server.database());
        properties.add("spring.datasource.username", server::user);
        properties.add("spring.datasource.password", server::password);
    }

    private HttpResponse<String> send(String method, String path) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://localhost:" + port + path))
                .method(method, HttpRequest.BodyPublishers.noBody())
                .build();
        return browser.send(request, HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void anOrderIsConfirmedByAJob() throws Exception {
        HttpResponse<String> placed = send("POST", "/orders?customer=Ada");

        assertThat(placed.statusCode()).isEqualTo(200);
        String id = placed.body().replaceAll(".*\"id\":(\\d+).*", "$1");
        await().atMost(LONG)
                .untilAsserted(() -> assertThat(send("GET", "/orders/" + id).body())
                        .contains("\"customer\":\"Ada\"", "\"confirmed\":true"));
    }

    @Test
    void anOrderThatIsRolledBackLeavesNoJob() throws Exception {
        long before = orders.count();

        assertThat(send("POST", "/orders?customer=%20").statusCode()).isEqualTo(400);

        assertThat(orders.count()).isEqualTo(before);
        assertThat(jobs.list(JobFilter.ALL.taskName("order.confirm")))
                .allSatisfy(job -> assertThat(
                                orders.findById(Long.valueOf(job.args().replaceAll("\\D", ""))))
                        .isPresent());
    }

    @Test
    void healthAndMetersTellOfTheQueue() throws Exception {
        send("POST", "/orders?customer=Grace");

        await().atMost(LONG).untilAsserted(() -> {
            assertThat(send("GET", "/actuator/health").body()).contains("\"procrastinate\":{", "\"state\":\"RUNNING\"");
            assertThat(send("GET", "/actuator/metrics/procrastinate.jobs.deferred")
                            .body())
                    .contains("order.confirm", "\"joined\"");
            assertThat(send("GET", "/actuator/metrics/procrastinate.job.run").body())
                    .contains("succeeded");
            assertThat(send("GET", "/actuator/metrics/procrastinate.worker.slots")
                            .body())
                    .contains("10.0");
        });
    }
}
