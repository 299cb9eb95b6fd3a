package io.procrastinate.micrometer;

import io.micrometer.common.KeyValue;
import io.micrometer.common.KeyValues;
import io.procrastinate.micrometer.ProcrastinateObservation.HighKey;
import io.procrastinate.micrometer.ProcrastinateObservation.LowKey;
import io.procrastinate.task.JobContext;
import io.procrastinate.worker.JobResult;
import java.util.Locale;

/** The names and keys of {@link ProcrastinateObservation#RUN}. Thread-safe; made to be extended. */
public class DefaultRunObservationConvention implements RunObservationConvention {

    private final Names queues = new Names();

    /** The names and keys of the documentation. */
    public DefaultRunObservationConvention() {}

    @Override
    public String getName() {
        return "procrastinate.run";
    }

    @Override
    public String getContextualName(RunObservationContext context) {
        return "run " + task(context.run());
    }

    @Override
    public KeyValues getLowCardinalityKeyValues(RunObservationContext context) {
        JobResult result = context.result();
        return KeyValues.of(
                LowKey.SYSTEM.withValue("procrastinate"),
                LowKey.OPERATION_NAME.withValue("run"),
                LowKey.OPERATION_TYPE.withValue("process"),
                LowKey.DESTINATION.withValue(queues.of(context.run().job().queue())),
                LowKey.TASK.withValue(task(context.run())),
                Errors.type(context.getError()),
                result == null
                        ? LowKey.OUTCOME.withValue(KeyValue.NONE_VALUE)
                        : LowKey.OUTCOME.withValue(result.outcome().name().toLowerCase(Locale.ROOT)));
    }

    @Override
    public KeyValues getHighCardinalityKeyValues(RunObservationContext context) {
        JobContext run = context.run();
        KeyValues values = KeyValues.of(
                HighKey.MESSAGE_ID.withValue(Long.toString(run.job().id())),
                HighKey.ATTEMPT.withValue(Integer.toString(run.job().attempts() + 1)),
                HighKey.CLIENT_ID.withValue(run.workerName()));
        String creator = run.job().headers().get("traceparent");
        return context.partOfTrace() || creator == null ? values : values.and(HighKey.CREATED_BY.withValue(creator));
    }

    private static String task(JobContext run) {
        return Names.task(run.tasks(), run.job().taskName());
    }
}
