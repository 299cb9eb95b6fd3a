package io.procrastinate.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.procrastinate.App;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.InvalidJobException;
import io.procrastinate.fixture.Site;
import io.procrastinate.schema.SchemaLayout;
import java.sql.Connection;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The headers of jobs, from deferring to running, on both layouts. */
class HeadersTest {

    private static final Map<String, String> HEADERS = Map.of("traceparent", "00-4bf9-00", "baggage", "a=\"ü\"");

    private final Site site = new Site();
    private final Queue<Map<String, String>> seen = new ConcurrentLinkedQueue<>();

    @AfterEach
    void close() {
        site.close();
    }

    private static NewJob job(int number) {
        return NewJob.of("look")
                .args("{\"n\": " + number + "}")
                .header("traceparent", "00-4bf9-00")
                .header("baggage", "a=\"ü\"");
    }

    private void work() {
        site.app.task("look").body((context, args) -> seen.add(context.job().headers()));
        site.drain(site.options());
    }

    @Test
    void reachTheCodeHoweverTheJobIsDeferred() throws Exception {
        JobManager jobs = site.app.jobManager();
        jobs.defer(job(1));
        jobs.defer(job(2).queueingLock("one"));
        jobs.batchDefer(List.of(job(3), job(4), job(5).queueingLock("two")));
        jobs.deferAll(List.of(job(6)).iterator(), progress -> {});
        try (Connection connection = site.database.connect()) {
            connection.setAutoCommit(false);
            jobs.on(connection).defer(job(7));
            jobs.on(connection).batchDefer(List.of(job(8), job(9).queueingLock("three")));
            connection.commit();
        }

        assertThat(jobs.list(JobFilter.ALL))
                .hasSize(9)
                .allSatisfy(job -> assertThat(job.headers()).isEqualTo(HEADERS));
        work();

        assertThat(seen).hasSize(9).containsOnly(HEADERS);
        assertThat(jobs.list(JobFilter.ALL))
                .allSatisfy(job -> assertThat(job.headers()).isEqualTo(HEADERS));
    }

    @Test
    void thoseOfAJobWithoutAnyAreEmpty() {
        site.app.jobManager().defer(NewJob.of("look"));
        site.app.jobManager().batchDefer(List.of(job(1), NewJob.of("look")));

        work();

        assertThat(seen).containsExactly(Map.of(), HEADERS, Map.of());
        assertThat(site.number("SELECT count(*) FROM procrastinate_jobs WHERE java_headers IS NULL"))
                .isEqualTo(2);
    }

    @Test
    void stayThroughRetries() {
        site.app.jobManager().defer(job(1));
        site.app.task("look").retry(1).body((context, args) -> {
            seen.add(context.job().headers());
            throw new IllegalStateException("so be it");
        });

        site.drain(site.options());

        assertThat(seen).containsExactly(HEADERS, HEADERS);
    }

    @Test
    void middlewareGivesThemToTheJobsOfSchedules() {
        try (App app = App.builder()
                .connector((AsyncConnector) site.app.connector())
                .deferMiddleware((context, next) -> next.run(context.jobs().stream()
                        .map(job -> job.header("by", "middleware"))
                        .toList()))
                .build()) {
            app.task("tick")
                    .periodic("* * * * *")
                    .body((context, args) -> seen.add(context.job().headers()));
            site.start(app, site.options());
            await().until(() -> !seen.isEmpty());
        }
        assertThat(seen).containsOnly(Map.of("by", "middleware"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void areLeftOutWhereTheTablesHaveNoPlace(boolean inATransaction) throws Exception {
        site.app.schemaManager().deoptimize();
        assertThat(site.app.schemaManager().layout()).isEqualTo(SchemaLayout.ORIGINAL);
        JobManager jobs = site.app.jobManager();
        if (inATransaction) {
            try (Connection connection = site.database.connect()) {
                connection.setAutoCommit(false);
                jobs.on(connection).defer(job(1));
                jobs.on(connection).batchDefer(List.of(job(2), job(3).queueingLock("one")));
                connection.commit();
            }
        } else {
            jobs.defer(job(1));
            jobs.batchDefer(List.of(job(2), job(3).queueingLock("one")));
        }

        work();

        assertThat(seen).hasSize(3).containsOnly(Map.of());
    }

    @Test
    void areLeftOutOnceTheirColumnIsGone() throws Exception {
        JobManager jobs = site.app.jobManager();
        jobs.defer(job(1));
        try (App deoptimizing = App.create(site.settings).open()) {
            deoptimizing.schemaManager().deoptimize();
        }

        jobs.defer(job(2));
        jobs.batchDefer(List.of(job(3), job(4)));

        work();
        assertThat(seen).hasSize(4).containsOnly(Map.of());
    }

    @Test
    void inATransactionThatNoticesTheyAreLeftOutByTheNextDeferral() throws Exception {
        JobManager jobs = site.app.jobManager();
        jobs.defer(job(1));
        site.app.schemaManager().deoptimize();
        try (Connection connection = site.database.connect()) {
            connection.setAutoCommit(false);
            assertThatThrownBy(() -> jobs.on(connection).defer(job(2)))
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining("java_headers");
            connection.rollback();
            jobs.on(connection).defer(job(2));
            connection.commit();
        }
        assertThat(jobs.list(JobFilter.ALL)).hasSize(2);
    }

    @Test
    void stayWithAJobThatIsRescued() {
        site.app.jobManager().defer(job(1));
        site.database.run("UPDATE procrastinate_jobs SET status = 'doing'");

        site.app.jobManager().retry(1, RetryDecision.now());

        work();
        assertThat(seen).containsExactly(HEADERS);
    }

    @Test
    void areRefusedIfTheyCannotBeStored() {
        NewJob job = NewJob.of("look");
        assertThatThrownBy(() -> job.header("baggage", "x".repeat(NewJob.MOST_HEADER_BYTES)))
                .isInstanceOf(InvalidJobException.class)
                .hasMessageContaining("baggage")
                .hasMessageContaining("at most 4096");
        assertThatThrownBy(() -> job.header("a", "\0")).hasMessageContaining("header a holds a NUL");
        assertThatThrownBy(() -> job.header("\ud800", "b")).hasMessageContaining("half a surrogate pair");
        assertThat(job(1).header("baggage", null).headers()).containsOnlyKeys("traceparent");
    }
}
