package io.procrastinate.micrometer;

import io.micrometer.common.KeyValue;
import io.procrastinate.micrometer.ProcrastinateObservation.LowKey;
import org.jspecify.annotations.Nullable;

/** The key that names an exception. */
final class Errors {

    private Errors() {}

    static KeyValue type(@Nullable Throwable error) {
        return error == null
                ? LowKey.ERROR_TYPE.withNoneValue()
                : LowKey.ERROR_TYPE.withValue(error.getClass().getName());
    }
}
