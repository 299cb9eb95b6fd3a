package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.procrastinate.fixture.Site;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobFilter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** On a database whose settings somebody has changed. */
class ServerSettingsTest {

    private static final Instant DUE = Instant.parse("2024-02-29T23:59:59.123456Z");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "default_transaction_isolation = 'repeatable read'",
                "default_transaction_isolation = 'serializable'",
                "array_nulls = off",
                "DateStyle = 'German, DMY'",
                "standard_conforming_strings = off",
                "transform_null_equals = on",
            })
    void severalWorkersRunEachJobOnceAndNothingIsReadDifferently(String setting) {
        try (Site site = new Site()) {
            String name = site.database.name();
            site.database.run("ALTER DATABASE \"" + name + "\" SET " + setting);
            List<App> apps = IntStream.range(0, 3)
                    .mapToObj(n -> site.another(site.settings)) // its connections are newer than the setting
                    .toList();
            for (App app : apps) {
                app.task("add").call(args -> "\\ ' " + args.get("n"));
                site.start(app, site.options().concurrency(5));
            }
            List<Map<String, Object>> batch = LongStream.range(0, 100)
                    .<Map<String, Object>>mapToObj(n -> Map.of("n", n))
                    .toList();
            List<CompletableFuture<?>> deferrals = new ArrayList<>();
            for (App app : apps) {
                deferrals.add(CompletableFuture.runAsync(
                        () -> batch.forEach(args -> app.externalTask("add").defer(args))));
                deferrals.add(CompletableFuture.runAsync(
                        () -> app.externalTask("add").at(DUE).lock("\\'a").batchDefer(batch.subList(0, 10))));
                deferrals.add(
                        CompletableFuture.runAsync(() -> app.externalTask("add").batchDefer(batch)));
            }
            deferrals.forEach(CompletableFuture::join);

            Site.until(() -> site.results.size() >= 630, "every job ended");
            assertThat(site.results).hasSize(630).allSatisfy(result -> {
                assertThat(result.outcome()).isEqualTo(JobResult.Outcome.SUCCEEDED);
                assertThat(result.value())
                        .isEqualTo("\\ ' " + result.job().args().replaceAll("[^0-9]", ""));
            });
            List<Job> locked = apps.get(0).jobManager().list(JobFilter.ALL.lock("\\'a"));
            assertThat(locked).hasSize(30).extracting(Job::scheduledAt).containsOnly(DUE);
            assertThat(site.number("SELECT count(*) FROM procrastinate_jobs WHERE lock IS NULL"))
                    .isEqualTo(600);
        }
    }
}
