package io.procrastinate.micrometer;

import io.micrometer.common.KeyValue;
import io.procrastinate.micrometer.ProcrastinateObservation.LowKey;
import org.jspecify.annotations.Nullable;

/** The key that names an exception. */
final class Errors {

    private Errors() {}

    static KeyValue type(@Nullable Throwable error) {
        return LowKey.ERROR_TYPE.withValue(
                error == null ? KeyValue.NONE_VALUE : error.getClass().getName());
    }
}
