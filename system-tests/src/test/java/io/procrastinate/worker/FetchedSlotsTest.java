package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.procrastinate.App;
import io.procrastinate.task.Task;
import io.procrastinate.tck.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How a worker fills its slots without notifications. */
class FetchedSlotsTest {

    private static final Duration NEVER = Duration.ofHours(1);

    private final List<Object> ran = new CopyOnWriteArrayList<>();
    private final TestDatabase database = TestDatabase.withSchema();
    private App app;
    private Task<Map<String, @Nullable Object>> note;

    @BeforeEach
    void open() {
        app = App.create(database.settings()).open();
        note = app.task("note").run(args -> ran.add(args.get("n")));
    }

    @AfterEach
    void close() {
        app.close();
        database.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 10, 500})
    void everyFreedSlotIsFilledWithoutAPoll(int concurrency) {
        for (int n = 0; n < 40; n++) {
            note.defer(Map.of("n", n));
        }
        try (Worker worker = app.worker(options(concurrency))) {
            worker.start();
            await().until(() -> ran.size() == 40);
        }
    }

    @Test
    void oneSlotKeepsTheOrderOfLocksAndRetries() {
        app.task("again").retry(1).run(args -> {
            ran.add(args.get("n"));
            if (ran.size() < 2) {
                throw new IllegalStateException("the first time");
            }
        });
        app.configureTask("again").priority(9).defer(Map.of("n", "again"));
        note.configure().priority(5).lock("l").defer(Map.of("n", "first"));
        note.configure().priority(5).lock("l").defer(Map.of("n", "second"));
        note.defer(Map.of("n", "last"));
        try (Worker worker = app.worker(options(1))) {
            worker.start();
            await().until(() -> ran.size() == 5);
        }
        assertThat(ran).containsExactly("again", "again", "first", "second", "last");
    }

    private static WorkerOptions options(int concurrency) {
        return WorkerOptions.builder()
                .concurrency(concurrency)
                .listenNotify(false)
                .fetchPollingInterval(NEVER)
                .build();
    }
}
