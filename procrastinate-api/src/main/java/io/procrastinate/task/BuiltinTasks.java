package io.procrastinate.task;

import io.procrastinate.annotation.Internal;
import io.procrastinate.exception.InvalidJobException;
import io.procrastinate.exception.JobAbortedException;
import io.procrastinate.job.JobStatus;
import io.procrastinate.job.OldJobs;
import io.procrastinate.text.Printable;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The tasks of every app, named as in Procrastinate for Python, so that either side can run them. */
public final class BuiltinTasks {

    /** Deletes old jobs. Arguments: {@code max_hours}, and optionally {@code queue}, {@code remove_failed}, ... */
    public static final String REMOVE_OLD_JOBS = "builtin:procrastinate.builtin_tasks.remove_old_jobs";

    /** The queue of builtin tasks. */
    public static final String QUEUE = "builtin";

    private static final String REMOVE_OLD_JOBS_ALIAS = "procrastinate.builtin_tasks.remove_old_jobs";

    private BuiltinTasks() {}

    /**
     * Declares the builtin tasks.
     *
     * @param retention the age at which jobs are removed, every hour, or null to remove none
     * @hidden
     */
    @Internal
    public static void addTo(Blueprint tasks, @Nullable Duration retention) {
        TaskBuilder<Map<String, @Nullable Object>> task =
                tasks.task(REMOVE_OLD_JOBS).aliases(REMOVE_OLD_JOBS_ALIAS).queue(QUEUE);
        if (retention != null) {
            task.periodic(Periodic.cron("@hourly")
                    .queueingLock(REMOVE_OLD_JOBS)
                    .lock(REMOVE_OLD_JOBS)
                    .args(Map.of(
                            "max_hours",
                            Math.max(1, retention.toHours()),
                            "remove_failed",
                            true,
                            "remove_cancelled",
                            true,
                            "remove_aborted",
                            true)));
        }
        task.body(BuiltinTasks::removeOldJobs);
    }

    private static Object removeOldJobs(JobContext context, Map<String, @Nullable Object> args) {
        if (!(args.get("max_hours") instanceof Number hours)) {
            throw new InvalidJobException("The argument max_hours must be a number, found "
                    + Printable.text(String.valueOf(args.get("max_hours")), 200));
        }
        Set<JobStatus> statuses = EnumSet.of(JobStatus.SUCCEEDED);
        addIf(args, "remove_failed", statuses, JobStatus.FAILED);
        addIf(args, "remove_cancelled", statuses, JobStatus.CANCELLED);
        addIf(args, "remove_aborted", statuses, JobStatus.ABORTED);
        Duration age = Duration.ofSeconds(Math.max(1, Math.round(hours.doubleValue() * 3600)));
        OldJobs old = OldJobs.ended(age)
                .queue(args.get("queue") instanceof String queue ? queue : null)
                .statuses(statuses);
        return context.jobManager().deleteOld(old, () -> {
            if (context.shouldAbort()) {
                throw new JobAbortedException(
                        "Only a part of the old jobs was removed: the job was asked to stop between two chunks");
            }
            return true;
        });
    }

    private static void addIf(
            Map<String, @Nullable Object> args, String name, Set<JobStatus> statuses, JobStatus status) {
        if (Boolean.TRUE.equals(args.get(name))) {
            statuses.add(status);
        }
    }
}
