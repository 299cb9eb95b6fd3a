package io.procrastinate.connector.r2dbc;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.Row;
import io.procrastinate.driver.Stages;
import io.procrastinate.tck.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** One database for all tests of this module but those of the kit. */
final class Database {

    /** Far longer than any test takes; reached only if something hangs. */
    static final Duration BOUND = Duration.ofSeconds(30);

    private static final TestDatabase DATABASE = TestDatabase.create();

    private Database() {}

    static ConnectorSettings.Builder settings() {
        return DATABASE.settings().toBuilder().poolSize(3);
    }

    static R2dbcConnector opened(ConnectorSettings settings) {
        R2dbcConnector connector = R2dbcConnector.create(settings);
        await(connector.openAsync(null));
        return connector;
    }

    static <T> T await(CompletionStage<T> stage) {
        return Stages.join(stage, BOUND);
    }

    static BoundQuery query(String sql) {
        return Query.named("test").sql(sql).bind().build();
    }

    static BoundQuery query(String sql, Duration deadline) {
        return Query.named("test").sql(sql).bind().deadline(deadline).build();
    }

    static List<Row> execute(R2dbcConnector connector, String sql) {
        return await(connector.execute(query(sql)));
    }
}
