package io.procrastinate.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import io.procrastinate.App;
import io.procrastinate.adapter.Connectors;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.job.JobStatus;
import io.procrastinate.task.Task;
import io.procrastinate.worker.JobResult;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

class ExamplesTest {

    private final TestDatabase database = TestDatabase.withSchema();
    private final ConnectorSettings settings = database.settings();
    // The examples with a transaction of their own use a JDBC connection.
    private final App app = App.builder()
            .connector(Connectors.named("pgjdbc", settings))
            .build()
            .open();
    private final List<JobResult> results = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() {
        app.close();
    }

    @Test
    void firstJobRunsOnAnEmptyDatabase() {
        TestDatabase empty = TestDatabase.empty();

        FirstJob.main(empty.url());

        assertThat(empty.rows("SELECT task_name, args, status FROM procrastinate_jobs"))
                .containsExactly("sum {\"a\": 5, \"b\": 7} succeeded");
    }

    @Test
    void ordersAndTheirJobsAreCommittedTogether() throws SQLException {
        database.execute("CREATE TABLE orders (id bigserial PRIMARY KEY, customer text NOT NULL)");
        PGSimpleDataSource dataSource = dataSource();
        Orders orders = new Orders(app, dataSource);

        orders.place("ada");
        work();

        assertThat(database.rows("SELECT customer FROM orders")).containsExactly("ada");
        assertThat(results).extracting(JobResult::value).containsExactly("order 1 is confirmed");
    }

    @Test
    void ordersAreNotPlacedWhenTheirJobCannotBeDeferred() {
        database.execute("CREATE TABLE orders (id bigserial PRIMARY KEY, customer text NOT NULL)");
        Orders orders = new Orders(app, dataSource());
        database.execute("ALTER TABLE procrastinate_jobs ADD CHECK (task_name <> 'confirm')");

        assertThatThrownBy(() -> orders.place("ada")).isInstanceOf(RuntimeException.class);

        assertThat(database.rows("SELECT customer FROM orders")).isEmpty();
    }

    @Test
    void annotatedMethodsTakeTheirArgumentsByName() {
        long job = Mailer.greet(app);
        app.externalTask("mail.bounce").defer(Map.of("from", "bob@example.com"));
        work();

        assertThat(app.jobManager().status(job)).isEqualTo(JobStatus.SUCCEEDED);
        assertThat(results)
                .extracting(JobResult::value)
                .containsExactlyInAnyOrder("2 to ada@example.com", "from bob@example.com, seen by worker");
        assertThat(database.rows("SELECT DISTINCT queue_name FROM procrastinate_jobs"))
                .containsExactly("mail");
    }

    @Test
    void mailWorkerWorksUntilItIsStopped() throws InterruptedException {
        long job = Mailer.greet(app);
        Thread worker = new Thread(() -> Mailer.main(database.url()));
        worker.start();

        await().atMost(Duration.ofSeconds(30)).until(() -> app.jobManager().status(job) == JobStatus.SUCCEEDED);
        worker.interrupt();

        worker.join(30_000);
        assertThat(worker.isAlive()).isFalse();
    }

    @Test
    void patientRetryWaitsLongerAndLonger() {
        Task<Upload.File> upload = Upload.patient(app, file -> {
            throw new IOException("no network");
        });

        long job = upload.defer(new Upload.File("cat.jpg"));
        work();

        assertThat(database.rows("SELECT status, attempts, scheduled_at > now() FROM procrastinate_jobs"))
                .containsExactly("todo 1 t");
        assertThat(app.jobManager().status(job)).isEqualTo(JobStatus.TODO);
    }

    @Test
    void patientRetryGivesUpAtOnceOnOtherFailures() {
        Task<Upload.File> upload = Upload.patient(app, file -> {
            throw new IllegalArgumentException("this is no picture");
        });

        upload.defer(new Upload.File("cat.txt"));
        work();

        assertThat(database.rows("SELECT status, attempts FROM procrastinate_jobs"))
                .containsExactly("failed 1");
    }

    @Test
    void politeRetryComesWhenItWasAskedTo() {
        Task<Upload.File> upload = Upload.polite(app, file -> {
            throw new Upload.BusyException(Duration.ofHours(1));
        });

        upload.defer(new Upload.File("cat.jpg"));
        work();

        assertThat(database.rows("SELECT status, priority, scheduled_at > now() + interval '59 minutes'"
                        + " FROM procrastinate_jobs"))
                .containsExactly("todo -1 t");
    }

    @Test
    void crawlerAwaitsPagesWithoutThreads() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            byte[] body = "hello".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        try {
            new Crawler(app)
                    .fetch(URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/"));
            work();
        } finally {
            server.stop(0);
        }

        assertThat(results).extracting(JobResult::value).containsExactly("200: hello");
    }

    @Test
    void importStopsWhenItIsAskedTo() {
        Import imports = new Import(app, () -> true);
        long job = imports.start("countries.csv");

        try (Worker worker = app.worker(options(true))) {
            worker.start();
            await().atMost(Duration.ofSeconds(30)).until(() -> app.jobManager().status(job) == JobStatus.DOING);

            assertThat(imports.stop(job)).isTrue();

            await().atMost(Duration.ofSeconds(30)).until(() -> app.jobManager().status(job) == JobStatus.ABORTED);
        }
    }

    @Test
    void importIsTakenBackWhileItWaits() {
        Import imports = new Import(app, () -> false);
        long job = imports.start("countries.csv");

        assertThat(imports.stop(job)).isTrue();

        assertThat(app.jobManager().status(job)).isEqualTo(JobStatus.CANCELLED);
    }

    @Test
    void bookingsOfOneAccountKeepTheirOrder() {
        List<Accounts.Booking> ledger = new CopyOnWriteArrayList<>();
        Accounts accounts = new Accounts(app, ledger::add);

        for (int amount = 1; amount <= 5; amount++) {
            accounts.book("alice", amount);
        }
        work();

        assertThat(ledger).extracting(Accounts.Booking::amount).containsExactly(1, 2, 3, 4, 5);
    }

    @Test
    void statementsWaitOnlyOnce() {
        Accounts accounts = new Accounts(app, booking -> {});

        assertThat(accounts.print("alice")).isTrue();
        assertThat(accounts.print("alice")).isFalse();
        assertThat(accounts.print("bob")).isTrue();
        work();

        assertThat(accounts.print("alice")).isTrue();
    }

    @Test
    void connectorIsFoundNamedOrGivenAPool() {
        try (App best = ConnectorChoice.best(settings);
                App named = ConnectorChoice.named(settings);
                App overPool = ConnectorChoice.overPool(settings, dataSource())) {
            assertThat(best.schemaManager().isApplied()).isTrue();
            assertThat(named.schemaManager().isApplied()).isTrue();
            assertThat(named.connector().name()).isEqualTo("pgjdbc");
            assertThat(overPool.schemaManager().isApplied()).isTrue();
        }
    }

    private void work() {
        app.runWorker(options(false));
    }

    private WorkerOptions options(boolean wait) {
        return WorkerOptions.builder()
                .concurrency(4)
                .waitForJobs(wait)
                .abortPollingInterval(Duration.ofSeconds(1))
                .onJobEnded(results::add)
                .build();
    }

    private PGSimpleDataSource dataSource() {
        PGSimpleDataSource dataSource = new PGSimpleDataSource();
        dataSource.setUrl(database.jdbcUrl());
        return dataSource;
    }
}
