package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.fixture.Site;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobFilter;
import io.procrastinate.job.JobManager;
import io.procrastinate.job.NewJob;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The headers of periodic jobs, with a worker that does not know the layout. */
class PeriodicHeadersTest {

    private final Site site = new Site();

    @AfterEach
    void close() {
        site.close();
    }

    @Test
    void areLeftOutOnceTheirColumnIsGone() {
        WorkerStore store = WorkerStore.over((AsyncConnector) site.app.connector());
        JobManager jobs = App.builder()
                .connector((AsyncConnector) site.app.connector())
                .deferMiddleware((context, next) ->
                        next.run(List.of(context.jobs().get(0).header("by", "the clock"))))
                .build()
                .jobManager();
        NewJob tick = NewJob.of("tick");
        Function<NewJob, @Nullable Long> first = job -> store.deferPeriodic(job, "", Instant.ofEpochSecond(60));
        Function<NewJob, @Nullable Long> second = job -> store.deferPeriodic(job, "", Instant.ofEpochSecond(120));

        assertThat(jobs.deferPeriodic(tick, first)).isEqualTo(1);
        assertThat(jobs.deferPeriodic(tick, first)).isNull();
        assertThat(site.app.jobManager().list(JobFilter.ALL))
                .extracting(Job::headers)
                .containsExactly(Map.of("by", "the clock"));

        site.app.schemaManager().deoptimize();

        assertThat(jobs.deferPeriodic(tick, second)).isNotNull();
        assertThat(site.app.jobManager().list(JobFilter.ALL))
                .extracting(Job::headers)
                .containsOnly(Map.of())
                .hasSize(2);
    }
}
