package io.procrastinate.task;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.procrastinate.App;
import io.procrastinate.driver.Stages;
import io.procrastinate.memory.InMemoryConnector;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** A deferral is logged whichever form of the call was used. */
class DeferLogTest {

    private static final Map<String, @Nullable Object> NOTHING = Map.of();

    private final Logger logger = (Logger) LoggerFactory.getLogger(JobDeferrer.class);
    private final ListAppender<ILoggingEvent> events = new ListAppender<>();
    private final App app =
            App.builder().connector(new InMemoryConnector()).build().open();

    @BeforeEach
    void listen() {
        events.start();
        logger.addAppender(events);
        logger.setLevel(Level.DEBUG);
    }

    @AfterEach
    void close() {
        logger.detachAppender(events);
        logger.setLevel(null);
        app.close();
    }

    @Test
    void bothFormsOfACallLogTheSame() {
        JobDeferrer<Map<String, @Nullable Object>> mail = app.externalTask("mail");

        mail.defer(NOTHING);
        mail.batchDefer(List.of(NOTHING, NOTHING));
        mail.deferAll(List.of(NOTHING, NOTHING, NOTHING).iterator(), progress -> {});
        List<String> blocking = lines();
        events.list.clear();
        Stages.join(mail.deferAsync(NOTHING));
        Stages.join(mail.batchDeferAsync(List.of(NOTHING, NOTHING)));
        Stages.join(mail.deferAllAsync(List.of(NOTHING, NOTHING, NOTHING).iterator(), progress -> {}));

        assertThat(blocking).containsExactly("Deferred job mail N", "Deferred 2 jobs mail", "Deferred 3 jobs mail");
        assertThat(lines()).isEqualTo(blocking);
    }

    private List<String> lines() {
        return events.list.stream()
                .map(event -> event.getFormattedMessage().replaceAll("\\d+$", "N"))
                .toList();
    }
}
