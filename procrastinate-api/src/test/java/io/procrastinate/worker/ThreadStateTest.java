package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.procrastinate.memory.InMemoryConnector;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;

/** What a job changes of its thread, the next one on it does not see. */
class ThreadStateTest {

    private final App app =
            App.builder().connector(new InMemoryConnector()).build().open();

    @AfterEach
    void close() {
        MDC.clear();
        app.close();
    }

    @Test
    @SuppressWarnings("ThreadPriorityCheck") // the mischief
    void theNextCodeFindsTheThreadAsItWas() throws Exception {
        Thread thread = Thread.currentThread();
        List<String> seen = new ArrayList<>();
        try (URLClassLoader loader = new URLClassLoader(new URL[0])) {
            app.task("mischief").run(args -> {
                thread.setName("mine");
                thread.setPriority(Thread.MIN_PRIORITY);
                thread.setContextClassLoader(loader);
                thread.setUncaughtExceptionHandler((any, failure) -> {});
                MDC.put("customer", "ada");
                MDC.remove("task");
                thread.interrupt();
            });
            app.task("look").run(args -> seen.add(state(thread)));
            app.configureTask("look").defer(Map.of());
            app.configureTask("mischief").defer(Map.of());
            app.configureTask("look").defer(Map.of());
            MDC.put("caller", "test");
            MDC.put("task", "of the caller");
            String before = state(thread);

            app.drain();

            assertThat(seen).hasSize(2);
            assertThat(seen.get(1)).isEqualTo(seen.get(0).replace("job_id=1", "job_id=3"));
            assertThat(state(thread)).as("the caller's own").isEqualTo(before);
        }
    }

    private static String state(Thread thread) {
        return thread.getName()
                + thread.getPriority()
                + thread.getContextClassLoader()
                + thread.getUncaughtExceptionHandler()
                + thread.isInterrupted()
                + new TreeMap<>(MDC.getCopyOfContextMap());
    }
}
