package io.procrastinate.micrometer;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationConvention;

/** Names deferrals that are observed, and their keys. */
public interface DeferObservationConvention extends ObservationConvention<DeferObservationContext> {

    @Override
    default boolean supportsContext(Observation.Context context) {
        return context instanceof DeferObservationContext;
    }
}
