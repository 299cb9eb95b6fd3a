package io.procrastinate.jdbc.contract;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.tck.TestDatabase;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.slf4j.LoggerFactory;

/** What a connector and its driver log. */
@Isolated("reads all that is logged in this JVM")
public abstract class JdbcLogContract {

    private static final String PASSWORD = "a-secret-that-nobody-may-see";

    private final Function<ConnectorSettings, SyncConnector> make;

    /** @param make makes a closed connector */
    protected JdbcLogContract(Function<ConnectorSettings, SyncConnector> make) {
        this.make = make;
    }

    @Test
    void logsNeitherThePasswordNorAnythingAtInfo() {
        Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        Level before = root.getLevel();
        ListAppender<ILoggingEvent> events = new ListAppender<>();
        try (TestDatabase database = TestDatabase.create()) {
            ConnectorSettings settings =
                    database.settings().toBuilder().password(PASSWORD).build();
            SyncConnector connector = make.apply(settings);
            events.start();
            root.addAppender(events);
            root.setLevel(Level.TRACE);
            try {
                connector.open(null);
                connector.execute(
                        Query.named("test").sql("SELECT 1 AS one").bind().build());
                connector.close();
            } finally {
                root.setLevel(before);
                root.detachAppender(events);
            }
            assertThat(events.list).isNotEmpty();
            assertThat(events.list)
                    .noneMatch(event -> event.getFormattedMessage().contains(PASSWORD));
            assertThat(events.list).noneMatch(event -> event.getLevel().isGreaterOrEqual(Level.INFO));
            assertThat(connector.toString()).doesNotContain(PASSWORD);
        }
    }
}
