package io.procrastinate.tck;

import io.procrastinate.App;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.driver.Stages;
import io.procrastinate.job.JobFilter;
import io.procrastinate.job.JobManager;
import io.procrastinate.job.JobStatus;
import io.procrastinate.job.NewJob;
import io.procrastinate.job.RetryDecision;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the contracts of whole applications share: a database with the schema, and apps over the connector under test.
 */
abstract class AppContract extends Contract {

    AppContract(ConnectorTck tck, Calls calls) {
        super(tck, calls);
    }

    @Override
    TestDatabase newDatabase() {
        return TestDatabase.withSchema();
    }

    @Override
    TestDatabase addTo(TestDatabase empty) {
        return empty.addSchema();
    }

    /** An app over a connector of its own, opened for the kind of calls of this contract. */
    App app(ConnectorSettings settings) {
        Object pool = poolFor(settings);
        if (calls == Calls.BLOCKING && create(settings) instanceof SyncConnector sync) {
            App app = keep(App.builder().connector(sync).build());
            return pool == null ? app.open() : app.open(pool);
        }
        AsyncConnector connector = (AsyncConnector)
                Subject.of(create(settings), Calls.STAGES, settings).called();
        App app = keep(App.builder().connector(connector).build());
        return Stages.join(pool == null ? app.openAsync() : app.openAsync(pool), Patience.bound());
    }

    App app() {
        return app(settings());
    }

    /** How many connections of the application's pool a worker keeps, if it works on that. */
    int takenByAWorker() {
        if (capabilities().contains(Capability.OWN_POOL)) {
            return 0;
        }
        return capabilities().contains(Capability.LISTEN) ? 2 : 1;
    }

    /** The name of a role of this test. */
    String role(String purpose) {
        return database().name() + "_" + purpose;
    }

    /** Settings of a role that is created for this test, and dropped with all that it owns at its end. */
    ConnectorSettings ofRole(String purpose) {
        String role = role(purpose);
        database().run("CREATE ROLE " + role + " LOGIN PASSWORD 'right'");
        keep(() -> database().runScript("DROP OWNED BY " + role + " CASCADE; DROP ROLE " + role));
        return settings().toBuilder().user(role).password("right").build();
    }

    static NewJob job(String task) {
        return NewJob.of(task);
    }

    long defer(App app, NewJob job, @Nullable Object connection) {
        return switch (calls) {
            case BLOCKING -> jobs(app, connection).defer(job);
            case STAGES -> Stages.join(jobs(app, connection).deferAsync(job), Patience.bound());
        };
    }

    List<Long> defer(App app, List<NewJob> jobs, @Nullable Object connection) {
        return switch (calls) {
            case BLOCKING -> jobs(app, connection).batchDefer(jobs);
            case STAGES -> Stages.join(jobs(app, connection).batchDeferAsync(jobs), Patience.bound());
        };
    }

    void retry(App app, long id, Object connection) {
        switch (calls) {
            case BLOCKING -> jobs(app, connection).retry(id, RetryDecision.now());
            case STAGES -> Stages.join(jobs(app, connection).retryAsync(id, RetryDecision.now()), Patience.bound());
        }
    }

    private static JobManager jobs(App app, @Nullable Object connection) {
        return connection == null ? app.jobManager() : app.jobManager().on(connection);
    }

    static long count(App app, JobStatus status) {
        return app.jobManager().list(JobFilter.ALL.status(status)).size();
    }
}
