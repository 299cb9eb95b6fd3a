package io.procrastinate.connector.vertx;

import static io.procrastinate.connector.vertx.Database.await;
import static io.procrastinate.connector.vertx.Database.execute;
import static io.procrastinate.connector.vertx.Database.query;
import static io.procrastinate.connector.vertx.Database.settings;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.connector.Row;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.tck.TcpProxy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A pool of two connections, of which it has made one, when no other can be made. */
class VertxPoolTest {

    private final TcpProxy proxy = TcpProxy.to(settings().build());
    private VertxConnector connector = open(Duration.ofSeconds(10));

    private VertxConnector open(Duration patience) {
        return Database.opened(proxy.through(settings().build()).toBuilder()
                .poolSize(2)
                .connectTimeout(patience)
                .build());
    }

    @AfterEach
    void close() {
        await(connector.closeAsync());
        proxy.close();
    }

    @Test
    void lendsTheOneThatComesFreeWhileAnotherOneIsBeingMade() {
        CompletionStage<List<Row>> first = connector.execute(query("SELECT pg_sleep(1)"));
        proxy.freezeNewConnections();

        assertThat(execute(connector, "SELECT 1 AS one")).hasSize(1);
        assertThat(await(first)).hasSize(1);
    }

    @Test
    void waitsForTheOneThatIsInUseWhileNewOnesAreRefused() {
        CompletionStage<List<Row>> first = connector.execute(query("SELECT pg_sleep(1)"));
        proxy.refuseNewConnections();

        assertThat(execute(connector, "SELECT 1 AS one")).hasSize(1);
        assertThat(await(first)).hasSize(1);
    }

    @Test
    void saysWhyThereIsNoOtherOne() {
        await(connector.closeAsync());
        connector = open(Duration.ofMillis(500));
        CompletionStage<List<Row>> first = connector.execute(query("SELECT pg_sleep(2)"));
        proxy.refuseNewConnections();

        assertThatThrownBy(() -> execute(connector, "SELECT 1 AS one"))
                .isInstanceOfSatisfying(
                        ConnectorException.class,
                        e -> assertThat(e.isTransient()).isTrue())
                .hasMessageContaining(
                        "1 connections are in use, and no other one could be made: Connecting to 127.0.0.1");
        assertThat(await(first)).hasSize(1);
    }

    @Test
    void makesAnotherOneAsSoonAsThatIsPossible() {
        CompletionStage<List<Row>> first = connector.execute(query("SELECT pg_sleep(5)"));
        proxy.refuseNewConnections();
        CompletionStage<List<Row>> second = connector.execute(query("SELECT 1 AS one"));
        proxy.accept();

        assertThat(await(second)).hasSize(1);
        assertThat(first.toCompletableFuture()).isNotDone();
    }
}
