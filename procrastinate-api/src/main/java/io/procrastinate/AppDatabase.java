package io.procrastinate;

import io.procrastinate.adapter.Connectors;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.BlockingNotAllowedException;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.SettingsException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one database of an app: the connector that serves it, and the application's pool once it was passed in. Callers
 * and workers all open the app here, so that everything uses the database of that pool. Thread-safe.
 */
final class AppDatabase {

    private static final Logger LOGGER = LoggerFactory.getLogger(AppDatabase.class);

    private final @Nullable ConnectorSettings settings;
    private final AtomicInteger opening = new AtomicInteger();
    private volatile Place place;

    private AppDatabase(@Nullable ConnectorSettings settings, Place place) {
        this.settings = settings;
        this.place = place;
    }

    /** With a connector given by the application. */
    static AppDatabase of(Connector connector) {
        return new AppDatabase(null, new Place(connector, false, null));
    }

    /** With the connector that is found, and the environment's settings unless others are given. */
    static AppDatabase find(@Nullable ConnectorSettings settings) {
        return new AppDatabase(settings, new Place(atFirst(settings), true, null));
    }

    /** Without the environment's settings if they cannot be understood: they are not needed if a pool is passed in. */
    private static @Nullable Connector atFirst(@Nullable ConnectorSettings settings) {
        ConnectorSettings where = settings;
        if (where == null) {
            try {
                where = ConnectorSettings.fromEnvironment();
            } catch (SettingsException e) {
                LOGGER.debug("The environment does not say where the database is", e);
                return null;
            }
        }
        return Connectors.choose(where).connector();
    }

    /**
     * The connector that serves the app.
     *
     * @throws SettingsException if the settings of the environment are needed and cannot be understood
     */
    Connector connector() {
        Connector known = place.connector;
        return known != null ? known : chosenFromEnvironment();
    }

    private synchronized Connector chosenFromEnvironment() {
        Connector known = place.connector;
        if (known == null) {
            known = Connectors.choose(ConnectorSettings.fromEnvironment()).connector();
            place = place.with(known);
        }
        return known;
    }

    /** The connector, or null while none is known. */
    @Nullable
    Connector known() {
        return place.connector;
    }

    /** Whether the application gave a connector that only defers. */
    boolean isSynchronous() {
        return place.connector instanceof SyncConnector;
    }

    /** Whether the app is open for any calls. */
    boolean isOpen() {
        Connector connector = place.connector;
        return connector != null && isOpen(connector);
    }

    private static boolean isOpen(Connector connector) {
        return connector.isOpen() || connector.sync().isOpen();
    }

    /**
     * Opens for blocking calls: with the pool, else with the one that was passed in before, else with a pool of its
     * own.
     */
    void open(@Nullable Object given) {
        during(given, here -> {
            SyncConnector blocking = here.needed().sync();
            if (here.pool != null && here.connector instanceof AsyncConnector async && !blocking.accepts(here.pool)) {
                // Only the connector itself takes such a pool; once open, it serves blocking calls too.
                requireMayBlock(async, "app.open(pool)");
                Stages.join(async.openAsync(here.pool));
            } else {
                blocking.open(here.pool);
            }
            return CompletableFuture.completedFuture(null);
        });
    }

    /** Opens for all calls, as {@link #open}. */
    CompletionStage<@Nullable Void> openAsync(@Nullable Object given) {
        try {
            return during(given, here -> ((AsyncConnector) here.needed()).openAsync(here.pool));
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Replaces the connector until the result is closed. */
    synchronized App.Replacement replace(Connector other) {
        Place before = place;
        place = new Place(other, false, null);
        return () -> place = before;
    }

    static void requireMayBlock(Connector connector, String attempt) {
        if (connector.isOnNonBlockingThread()) {
            throw new BlockingNotAllowedException(attempt + " waits for the database, which the thread '"
                    + Thread.currentThread().getName() + "' must not. Call app.openAsync() first, or call from a thread"
                    + " that may block.");
        }
    }

    /**
     * Returns an action that opens the current connector for all calls, whenever it is run: a worker keeps its
     * connector even if tests replace it. The pool is the one that has been passed in by then.
     */
    Runnable opener() {
        AsyncConnector connector = (AsyncConnector) connector();
        return () -> {
            if (!connector.isOpen()) {
                Place now = place;
                if (now.connector != connector && now.found) {
                    throw ConnectorException.refusal("The worker was created for the connector '"
                            + connector.name() + "', but then the app was opened with a pool that needs the connector '"
                            + connector().name() + "'. Create the worker when the app is open.");
                }
                Stages.join(connector.openAsync(now.connector == connector ? now.pool : null));
            }
        };
    }

    private CompletionStage<@Nullable Void> during(@Nullable Object given, Opening call) {
        Place here = begin(given);
        try {
            CompletionStage<@Nullable Void> stage = call.at(here);
            return stage.whenComplete((opened, failure) -> opening.decrementAndGet());
        } catch (RuntimeException | Error e) {
            opening.decrementAndGet();
            throw e;
        }
    }

    /** Determines where to open. Until that has ended, no other pool is accepted. */
    private synchronized Place begin(@Nullable Object given) {
        if (given == null) {
            place = place.with(connector());
        } else if (given != place.pool) {
            requireClosed(given);
            place = placeFor(given);
        }
        opening.incrementAndGet();
        return place;
    }

    private void requireClosed(Object given) {
        if (opening.get() > 0 || isOpen()) {
            throw ConnectorException.refusal("The app is already open, with the connector '"
                    + connector().name() + "' on "
                    + (place.pool == null ? "a pool of its own" : "another pool of the application")
                    + ": it has one database. Pass the pool (a "
                    + given.getClass().getName()
                    + ") when the app is opened for the first time, or close the app before.");
        }
    }

    private Place placeFor(Object given) {
        Connector now = place.connector;
        if (now != null && now.accepts(given)) {
            return new Place(now, place.found, given);
        }
        if (!place.found) {
            throw ConnectorException.refusal(
                    "The app was given the connector '" + connector().name() + "', which takes no pool of the class "
                            + given.getClass().getName() + ". " + Connectors.thatTake(given)
                            + " Give the app one of these, let it choose itself (App.create()), or open it with"
                            + " another pool.");
        }
        return new Place(Connectors.choose(settingsBeside(), given).connector(), true, given);
    }

    /** The pool determines where the database is; the environment, if it can be understood, how long to wait for it. */
    private ConnectorSettings settingsBeside() {
        if (settings != null) {
            return settings;
        }
        try {
            return ConnectorSettings.fromEnvironment();
        } catch (SettingsException e) {
            LOGGER.warn(
                    "The application's pool determines where the database is; the environment is ignored: {}",
                    e.getMessage());
            return ConnectorSettings.defaults();
        }
    }

    /** Opens a connector. */
    @FunctionalInterface
    private interface Opening {
        CompletionStage<@Nullable Void> at(Place here);
    }

    /**
     * Where the app's data are.
     *
     * @param connector null while the environment's settings, which cannot be understood, are not needed
     * @param found whether the connector was found, so that it may be replaced
     * @param pool the application's, or null for a pool of the connector's own
     */
    private record Place(
            @Nullable Connector connector,
            boolean found,
            @Nullable Object pool) {

        Place with(Connector chosen) {
            return new Place(chosen, found, pool);
        }

        Connector needed() {
            if (connector == null) {
                throw new IllegalStateException("The connector is chosen before it is opened");
            }
            return connector;
        }
    }
}
