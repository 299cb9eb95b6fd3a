package io.procrastinate.tck;

import io.procrastinate.connector.Capability;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Asks, after a test has failed, whether what its author wrote leads to another database than the test's own. */
final class WrongDatabase {

    private static final String QUERY = "SELECT current_database()::text AS name";

    /** A broken connector may never answer, and no test waits for this answer. */
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private WrongDatabase() {}

    /** One of the ways to the database. */
    private record Way(Capability needed, String what, String whose, Supplier<@Nullable String> database) {}

    /** What leads to another database, and what to do about it; empty if nothing does, as far as can be found. */
    static Optional<String> look(Contract contract) {
        FutureTask<Optional<String>> answer = new FutureTask<>(() -> ask(contract));
        Thread thread = new Thread(answer, "tck-first-look");
        thread.setDaemon(true);
        thread.start();
        try {
            return answer.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        } catch (Exception e) {
            return Optional.empty(); // the test's own failure says more than that of this question
        }
    }

    private static Optional<String> ask(Contract contract) {
        Set<Capability> capabilities = contract.capabilities();
        if (!capabilities.contains(Capability.SQL)) {
            return Optional.empty();
        }
        String expected = contract.database().name();
        for (Way way : ways(contract)) {
            String found = capabilities.contains(way.needed) ? way.database.get() : null;
            if (found != null && !found.equals(expected)) {
                return Optional.of(way.what + " is connected to the database '" + found + "', but the settings name '"
                        + expected + "': each test has a database of its own. Connect to the host, the port and the"
                        + " database of the ConnectorSettings that " + way.whose);
            }
        }
        return Optional.empty();
    }

    private static List<Way> ways(Contract contract) {
        return List.of(
                new Way(
                        Capability.OWN_POOL,
                        "the connector",
                        "the connector is created with",
                        () -> reached(contract, null)),
                new Way(
                        Capability.CALLER_POOL,
                        "the application's pool",
                        "openPool is given",
                        () -> reached(contract, contract.applicationPool(contract.settings()))),
                new Way(
                        Capability.CALLER_CONNECTION,
                        "the application's connection",
                        "openCallerConnection is given",
                        () -> contract.callerConnection().ask(QUERY)));
    }

    private static @Nullable String reached(Contract contract, @Nullable Object pool) {
        Subject subject = contract.closed();
        subject.open(pool);
        return subject.row(Sql.sql(QUERY)).text("name");
    }
}
