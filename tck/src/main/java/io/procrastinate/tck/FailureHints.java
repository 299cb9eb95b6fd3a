package io.procrastinate.tck;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Hints from the failure itself, whatever the test was about: where it happened, and mistakes that fail many tests at
 * once, a wrong database among them.
 */
final class FailureHints {

    private static final String WRAPPER = "java.util.concurrent.CompletionException: io.procrastinate.";

    private FailureHints() {}

    /** A mistake that makes tests of unrelated promises fail, and what to do about it. */
    static Optional<String> mistake(Contract contract, Throwable failure) {
        // AssertJ's messages hold stack traces, in which the kit's own classes stand for nothing.
        String seen = String.valueOf(failure)
                .lines()
                .filter(line -> !line.strip().startsWith("at "))
                .collect(Collectors.joining("\n"));
        if (seen.contains(WRAPPER)) {
            return Optional.of("a stage failed with a CompletionException around the exception that it must fail with"
                    + " itself. Stages made by thenApply, thenCompose, copy or supplyAsync do; complete a"
                    + " CompletableFuture of your own with Stages.cause(failure)");
        }
        if (seen.contains(ApplicationDataSource.class.getSimpleName())) {
            return Optional.of("the application's pool was the kit's default, a javax.sql.DataSource. If the connector"
                    + " takes pools of another kind, override openPool and closePool; if it takes none, leave"
                    + " Capability.CALLER_POOL out");
        }
        if (seen.contains("org.postgresql.jdbc.PgConnection")) {
            return Optional.of("the application's connection was the kit's default, a java.sql.Connection. If the"
                    + " connector joins connections of another kind, override openCallerConnection; if it joins none,"
                    + " leave Capability.CALLER_CONNECTION out");
        }
        return WrongDatabase.look(contract);
    }

    /** The line of the test at which it failed, or of what it called: the file's name and the line's number. */
    static Optional<String> line(Class<?> test, Throwable failure) {
        Set<Throwable> known = Collections.newSetFromMap(new IdentityHashMap<>());
        Deque<Throwable> open = new ArrayDeque<>();
        open.add(failure);
        while (!open.isEmpty()) {
            Throwable next = open.remove();
            if (!known.add(next)) {
                continue;
            }
            for (StackTraceElement element : next.getStackTrace()) {
                if (element.getClassName().equals(test.getName())) {
                    return Optional.of(element.getFileName() + ":" + element.getLineNumber());
                }
            }
            Collections.addAll(open, next.getSuppressed());
            if (next.getCause() != null) {
                open.add(next.getCause());
            }
        }
        return Optional.empty();
    }
}
