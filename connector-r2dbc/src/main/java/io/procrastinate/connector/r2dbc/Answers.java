package io.procrastinate.connector.r2dbc;

import io.procrastinate.connector.Row;
import io.procrastinate.driver.UnreplicatedCommit;
import io.r2dbc.postgresql.api.ErrorDetails;
import io.r2dbc.postgresql.api.PostgresqlException;
import io.r2dbc.spi.Result;
import io.r2dbc.spi.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What the server answered to one statement: rows, and the warning that makes a success doubtful. */
final class Answers {

    private final List<Row> rows = new ArrayList<>();
    private Row.@Nullable Columns columns;
    private boolean unreplicated;

    /** Executes a statement, and fails as it does, but only after the server has answered it completely. */
    static Future<Answers> execute(Statement statement) {
        Answers answers = new Answers();
        // Zero means all rows at once; only then a statement without parameters is one message.
        return Future.of(Flux.from(statement.fetchSize(0).execute())
                        .concatMap(result -> Flux.from(result.flatMap(answers::read)))
                        .then(Mono.just(answers)))
                .map(read -> answers);
    }

    List<Row> rows() {
        return Collections.unmodifiableList(rows);
    }

    boolean unreplicated() {
        return unreplicated;
    }

    private Publisher<Void> read(Result.Segment segment) {
        if (segment instanceof Result.RowSegment row) {
            Row.Columns known = columns;
            if (known == null) {
                known = Values.columns(row.row());
                columns = known;
            }
            rows.add(known.row(Values.read(row.row())));
        } else if (segment instanceof Result.Message message) {
            ErrorDetails details =
                    message.exception() instanceof PostgresqlException server ? server.getErrorDetails() : null;
            if (details == null || isError(details.getSeverityNonLocalized())) {
                return Mono.error(message.exception());
            }
            unreplicated |= UnreplicatedCommit.isMeantBy(
                    details.getCode(), details.getRoutine().orElse(null), details.getMessage());
        }
        return Mono.empty();
    }

    /** The driver reports errors and notices in the same way. */
    private static boolean isError(@Nullable String severity) {
        return severity == null
                || switch (severity) {
                    case "ERROR", "FATAL", "PANIC" -> true;
                    default -> false;
                };
    }
}
