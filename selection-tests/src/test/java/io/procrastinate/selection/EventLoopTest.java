package io.procrastinate.selection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.procrastinate.App;
import io.procrastinate.adapter.Connectors;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.exception.BlockingNotAllowedException;
import io.procrastinate.job.JobFilter;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** An app on {@code vertx}; before it is opened, another connector serves its blocking calls. */
class EventLoopTest {

    /** No server answers there: a call that is made would fail differently. */
    private final ConnectorSettings nowhere = ConnectorSettings.builder()
            .host("127.0.0.1")
            .port(1)
            .connectTimeout(Duration.ofSeconds(1))
            .build();

    @Test
    void noCallBlocksAnEventLoopBeforeTheAppIsOpened() throws Exception {
        App app = App.builder().connector(Connectors.named("vertx", nowhere)).build();
        assertThat(app.connector().sync().name()).isEqualTo("pgjdbc");
        Map<String, ThrowingCallable> calls = new LinkedHashMap<>();
        calls.put("open", app::open);
        calls.put("isApplied", () -> app.schemaManager().isApplied());
        calls.put("apply", () -> app.schemaManager().apply());
        calls.put("list", () -> app.jobManager().list(JobFilter.ALL));
        calls.put("defer", () -> app.externalTask("task").defer(Map.of()));
        calls.put("deferOnAConnection", () -> app.externalTask("task").on("any").defer(Map.of()));
        calls.put("worker", () -> app.worker(app.workerDefaults()));
        calls.put("drain", app::drain);
        calls.put("close", app::close);
        CompletableFuture<Map<String, Throwable>> failures = new CompletableFuture<>();
        Vertx vertx = Vertx.vertx();
        try {
            vertx.runOnContext(nothing -> {
                Map<String, Throwable> seen = new LinkedHashMap<>();
                calls.forEach((name, call) -> seen.put(name, catchThrowable(call)));
                failures.complete(seen);
            });
            assertThat(failures.get(60, TimeUnit.SECONDS))
                    .hasSameSizeAs(calls)
                    .allSatisfy((name, failure) ->
                            assertThat(failure).as(name).isInstanceOf(BlockingNotAllowedException.class));
        } finally {
            vertx.close();
        }
    }
}
