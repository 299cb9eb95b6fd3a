package io.procrastinate.examples;

import io.procrastinate.App;
import io.procrastinate.task.Periodic;
import io.procrastinate.task.Task;
import java.time.Instant;
import java.time.ZoneId;

/**
 * The argument of a periodic task, whose jobs workers defer.
 *
 * @param timestamp the job's scheduled time, in seconds since 1970
 */
record Backup(long timestamp) {

    /** Every night, unless the last one is still waiting. */
    static Task<Backup> everyNight(App app) {
        return app.task("backup", Backup.class)
                .periodic(Periodic.cron("30 3 * * *").zone(ZoneId.of("Europe/Vienna")))
                .queueingLock("backup")
                .call(args -> "backup of " + Instant.ofEpochSecond(args.timestamp()));
    }
}
