package io.procrastinate.micrometer;

import io.micrometer.common.KeyValues;
import io.procrastinate.job.NewJob;
import io.procrastinate.micrometer.ProcrastinateObservation.HighKey;
import io.procrastinate.micrometer.ProcrastinateObservation.LowKey;
import java.util.List;
import java.util.function.Function;

/** The names and keys of {@link ProcrastinateObservation#DEFER}. Thread-safe; made to be extended. */
public class DefaultDeferObservationConvention implements DeferObservationConvention {

    private final Names queues = new Names();
    private final Names tasks = new Names();

    /** The names and keys of the documentation. */
    public DefaultDeferObservationConvention() {}

    @Override
    public String getName() {
        return "procrastinate.defer";
    }

    @Override
    public String getContextualName(DeferObservationContext context) {
        return "defer " + common(context, NewJob::queue);
    }

    @Override
    public KeyValues getLowCardinalityKeyValues(DeferObservationContext context) {
        return KeyValues.of(
                LowKey.SYSTEM.withValue("procrastinate"),
                LowKey.OPERATION_NAME.withValue("defer"),
                LowKey.OPERATION_TYPE.withValue("send"),
                LowKey.DESTINATION.withValue(queues.of(common(context, NewJob::queue))),
                LowKey.TASK.withValue(tasks.of(common(context, NewJob::taskName))),
                Errors.type(context.getError()));
    }

    @Override
    public KeyValues getHighCardinalityKeyValues(DeferObservationContext context) {
        List<NewJob> jobs = context.jobs();
        if (jobs.size() != 1) {
            return KeyValues.of(HighKey.MESSAGE_COUNT.withValue(Integer.toString(jobs.size())));
        }
        KeyValues values = KeyValues.empty();
        for (long id : context.ids()) {
            values = values.and(HighKey.MESSAGE_ID.withValue(Long.toString(id)));
        }
        String lock = jobs.get(0).lock();
        return lock == null ? values : values.and(HighKey.LOCK.withValue(lock));
    }

    private static String common(DeferObservationContext context, Function<NewJob, String> name) {
        List<String> names = context.jobs().stream().map(name).distinct().toList();
        return names.size() == 1 ? names.get(0) : Names.OTHER;
    }
}
