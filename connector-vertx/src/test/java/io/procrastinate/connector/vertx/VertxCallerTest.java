package io.procrastinate.connector.vertx;

import static io.procrastinate.connector.vertx.Database.await;
import static io.procrastinate.connector.vertx.Database.execute;
import static io.procrastinate.connector.vertx.Database.query;
import static io.procrastinate.connector.vertx.Database.settings;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.procrastinate.App;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.exception.BlockingNotAllowedException;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.worker.WorkerOptions;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.ThreadingModel;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.SqlConnection;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The application's pool, connection and transaction. */
class VertxCallerTest {

    private final VertxConnector connector = VertxConnector.create(settings().build());
    private Vertx vertx;
    private Pool pool;

    @BeforeEach
    void createPool() {
        vertx = Vertx.vertx();
        ConnectorSettings settings = settings().build();
        pool = PgBuilder.pool()
                .with(new PoolOptions().setMaxSize(1))
                .connectingTo(new PgConnectOptions()
                        .setHost(settings.host())
                        .setPort(settings.port())
                        .setDatabase(settings.database())
                        .setUser(settings.user()))
                .using(vertx)
                .build();
    }

    @AfterEach
    void close() {
        await(connector.closeAsync());
        of(pool.query("SELECT 1").execute());
        of(pool.close());
        of(vertx.close());
    }

    private static <T> T of(Future<T> future) {
        return await(future.toCompletionStage());
    }

    @Test
    void usesTheCallersPoolAndDoesNotCloseIt() {
        await(connector.openAsync(pool));
        execute(connector, "DROP TABLE IF EXISTS shared");
        execute(connector, "CREATE TABLE shared AS SELECT pg_backend_pid() AS pid");
        await(connector.closeAsync());
        assertThat(of(pool.query("SELECT pid = pg_backend_pid() AS same FROM shared")
                                .execute())
                        .iterator()
                        .next()
                        .getBoolean("same"))
                .isTrue();
    }

    @Test
    void refusesAPoolOfAnotherKindByName() {
        assertThatThrownBy(() -> await(connector.openAsync("a string")))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("io.vertx.sqlclient.Pool")
                .hasMessageContaining("java.lang.String");
        assertThat(connector.isOpen()).isFalse();
    }

    @Test
    void deadlinesHoldOnTheCallersPoolToo() {
        await(connector.openAsync(pool));
        assertThatThrownBy(() -> await(connector.execute(query("SELECT pg_sleep(604)", Duration.ofMillis(300)))))
                .isInstanceOfSatisfying(
                        ConnectorException.class, e -> assertThat(e.sqlState()).isEqualTo("57014"));
        assertThat(execute(connector, "SELECT 1 AS one")).hasSize(1);
    }

    @Test
    void aFullPoolOfTheCallerSaysSo() {
        await(connector.openAsync(pool));
        SqlConnection taken = of(pool.getConnection());
        BoundQuery impatient = query("SELECT 1", Duration.ofSeconds(1));
        assertThatThrownBy(() -> await(connector.execute(impatient)))
                .isInstanceOfSatisfying(
                        ConnectorException.class,
                        e -> assertThat(e.isTransient()).isTrue())
                .hasMessageContaining("exhausted")
                .hasMessageContaining("1 connections");
        of(taken.close());
        assertThat(execute(connector, "SELECT 1 AS one")).hasSize(1);
    }

    @Test
    void aPoolOfOneIsTooSmallForAWorker() {
        VertxConnector impatient = VertxConnector.create(
                settings().connectTimeout(Duration.ofSeconds(1)).build());
        try (App app = App.builder().connector(impatient).build()) {
            await(app.openAsync(pool));
            assertThatThrownBy(() -> app.worker(WorkerOptions.defaults()))
                    .isInstanceOfSatisfying(
                            ConnectorException.class,
                            e -> assertThat(e.isTransient()).isFalse())
                    .hasMessageContaining("it has 1 of the 2 connections that are needed");
            assertThat(execute(impatient, "SELECT 1 AS one")).hasSize(1);
        }
    }

    @Test
    void blockingCallsWorkOnWorkersAndVirtualThreadsOfTheCaller() {
        for (Pool opened : Arrays.asList(null, pool)) {
            await(connector.openAsync(opened));
            SyncConnector blocking = connector.sync();
            for (ThreadingModel threads : threadsThatMayWait()) {
                CompletableFuture<List<Row>> answer = new CompletableFuture<>();
                String deployed = of(vertx.deployVerticle(
                        context -> {
                            answer.complete(blocking.execute(query("SELECT 1 AS one")));
                            return Future.succeededFuture();
                        },
                        new DeploymentOptions().setThreadingModel(threads)));
                assertThat(await(answer)).as(threads.name()).hasSize(1);
                of(vertx.undeploy(deployed));
            }
            assertThat(of(vertx.executeBlocking(() -> blocking.execute(query("SELECT 1 AS one")))))
                    .hasSize(1);
            await(connector.closeAsync());
        }
    }

    private static List<ThreadingModel> threadsThatMayWait() {
        return Runtime.version().feature() < 21
                ? List.of(ThreadingModel.WORKER)
                : List.of(ThreadingModel.WORKER, ThreadingModel.VIRTUAL_THREAD);
    }

    @Test
    void blockingCallsOnEventLoopsOfTheCallerAreRefused() {
        await(connector.openAsync(pool));
        SyncConnector blocking = connector.sync();
        CompletableFuture<Throwable> refusal = new CompletableFuture<>();
        vertx.runOnContext(nothing -> refusal.complete(catchThrowable(() -> blocking.execute(query("SELECT 1")))));
        assertThat(await(refusal)).isInstanceOf(BlockingNotAllowedException.class);
    }

    @Test
    void joinsTheCallersTransactionWithoutBeingOpen() {
        SqlConnection connection = of(pool.getConnection());
        of(connection
                .query("DROP TABLE IF EXISTS joined; CREATE TABLE joined (id int)")
                .execute());
        BoundQuery insert = query("INSERT INTO joined VALUES (1) RETURNING id");

        var undone = of(connection.begin());
        assertThat(await(connector.execute(insert, connection))).hasSize(1);
        of(undone.rollback());
        assertThat(of(connection.query("SELECT 1 FROM joined").execute()).size())
                .isZero();

        var done = of(connection.begin());
        await(connector.execute(insert, connection));
        of(done.commit());
        assertThat(of(connection.query("SELECT 1 FROM joined").execute()).size())
                .isEqualTo(1);
        of(connection.close());
    }

    @Test
    void aDeadlineInTheCallersTransactionLeavesTheConnectionToHim() {
        SqlConnection connection = of(pool.getConnection());
        var transaction = of(connection.begin());
        CompletableFuture<?> late = connector
                .execute(query("SELECT pg_sleep(605)", Duration.ofMillis(300)), connection)
                .toCompletableFuture();
        assertThatThrownBy(() -> await(late))
                .isInstanceOfSatisfying(
                        ConnectorException.class, e -> assertThat(e.sqlState()).isEqualTo("57014"));
        of(transaction.rollback());
        assertThat(of(connection.query("SELECT 1").execute()).size()).isEqualTo(1);
        of(connection.close());
    }

    @Test
    void refusesAConnectionOfAnotherKindByName() {
        assertThatThrownBy(() -> await(connector.execute(query("SELECT 1"), pool)))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("io.vertx.pgclient.PgConnection")
                .hasMessageContaining(pool.getClass().getName());
    }
}
