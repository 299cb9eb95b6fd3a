package io.procrastinate.spring;

import io.procrastinate.App;
import io.procrastinate.driver.BlockingThreads;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.SchemaException;
import io.procrastinate.spring.ProcrastinateProperties.SchemaMode;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;

/**
 * Opens the app, and does what is to be done about the schema. A database that is away does not keep the application
 * from starting: it is tried again in the background.
 */
final class Opening implements DisposableBean {

    private static final Logger LOGGER = LoggerFactory.getLogger(Opening.class);

    private static final long PAUSE_SECONDS = 1;

    private final SchemaMode mode;
    private final CountDownLatch ended = new CountDownLatch(1);

    Opening(SchemaMode mode) {
        this.mode = mode;
    }

    /**
     * Opens the app now, or as soon as the database is there.
     *
     * @param pool the application's, or null for the app's own
     * @throws ConnectorException if the database refuses it for good
     * @throws SchemaException if the schema is not there or of another level, or cannot be made
     */
    void open(App app, @Nullable Object pool) {
        try {
            attempt(app, pool);
        } catch (ConnectorException e) {
            if (!e.isTransient()) {
                throw e;
            }
            LOGGER.warn("Waiting for the database of the queue: {}", e.getMessage());
            BlockingThreads.daemons("procrastinate-opening")
                    .newThread(() -> retry(app, pool))
                    .start();
        }
    }

    private void retry(App app, @Nullable Object pool) {
        try {
            while (!ended.await(PAUSE_SECONDS, TimeUnit.SECONDS)) {
                try {
                    attempt(app, pool);
                    return;
                } catch (ConnectorException e) {
                    if (!e.isTransient()) {
                        throw e;
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOGGER.error("The queue cannot be used: {}", e.getMessage(), e);
        }
    }

    private void attempt(App app, @Nullable Object pool) {
        if (pool == null) {
            app.open();
        } else {
            app.open(pool);
        }
        switch (mode) {
            case NONE -> {}
            case VALIDATE -> app.schemaManager().requireSupported();
            case ENSURE -> app.schemaManager().ensure();
        }
    }

    @Override
    public void destroy() {
        ended.countDown();
    }
}
