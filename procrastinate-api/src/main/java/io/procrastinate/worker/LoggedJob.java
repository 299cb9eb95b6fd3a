package io.procrastinate.worker;

import io.procrastinate.job.Job;
import io.procrastinate.text.Printable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A job as all lines about one of its runs show it, with as much of its arguments as the options say. Each of its texts
 * is made once, when the first line shows it. Printed as text, it leaves out the arguments, which are in the line
 * itself.
 */
final class LoggedJob extends LoggedMap {

    private static final List<String> IN_LINES = List.of("task_kwargs", "call_string");

    private final Job job;
    private final int mostCharacters;
    private volatile @Nullable String callString;

    LoggedJob(Job job, int mostCharacters) {
        this.job = job;
        this.mostCharacters = mostCharacters;
    }

    /** The job as a call of its task. */
    String callString() {
        String made = callString;
        if (made == null) {
            made = job.callString(mostCharacters);
            callString = made;
        }
        return made;
    }

    @Override
    Map<String, @Nullable Object> make() {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("id", job.id());
        fields.put("status", job.status().text());
        fields.put("queue", Printable.text(job.queue()));
        fields.put("priority", job.priority());
        fields.put("lock", printable(job.lock()));
        fields.put("queueing_lock", printable(job.queueingLock()));
        fields.put("task_name", Printable.text(job.taskName()));
        fields.put("task_kwargs", Printable.text(job.args(), mostCharacters));
        fields.put(
                "scheduled_at",
                job.scheduledAt() == null ? null : job.scheduledAt().toString());
        fields.put("attempts", job.attempts());
        fields.put("abort_requested", job.abortRequested());
        fields.put("worker_id", job.workerId());
        fields.put("call_string", callString());
        return fields;
    }

    @Override
    public String toString() {
        Map<String, @Nullable Object> shown = new LinkedHashMap<>(this);
        shown.keySet().removeAll(IN_LINES);
        return shown.toString();
    }

    private static @Nullable String printable(@Nullable String text) {
        return text == null ? null : Printable.text(text);
    }
}
