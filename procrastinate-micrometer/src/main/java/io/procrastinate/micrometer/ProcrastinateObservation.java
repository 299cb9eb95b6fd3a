package io.procrastinate.micrometer;

import io.micrometer.common.docs.KeyName;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationConvention;
import io.micrometer.observation.docs.ObservationDocumentation;

/** What is observed, and by which names and keys. */
public enum ProcrastinateObservation implements ObservationDocumentation {

    /** A deferral: of one job, or of several by one statement. */
    DEFER {
        @Override
        public Class<? extends ObservationConvention<? extends Observation.Context>> getDefaultConvention() {
            return DefaultDeferObservationConvention.class;
        }

        @Override
        public KeyName[] getHighCardinalityKeyNames() {
            return new KeyName[] {HighKey.MESSAGE_ID, HighKey.MESSAGE_COUNT, HighKey.LOCK};
        }
    },

    /** A run of a job, from the beginning of its code until its result is stored. */
    RUN {
        @Override
        public Class<? extends ObservationConvention<? extends Observation.Context>> getDefaultConvention() {
            return DefaultRunObservationConvention.class;
        }

        @Override
        public KeyName[] getLowCardinalityKeyNames() {
            return KeyName.merge(super.getLowCardinalityKeyNames(), new KeyName[] {LowKey.OUTCOME});
        }

        @Override
        public KeyName[] getHighCardinalityKeyNames() {
            return new KeyName[] {HighKey.MESSAGE_ID, HighKey.ATTEMPT, HighKey.CLIENT_ID, HighKey.CREATED_BY};
        }
    };

    @Override
    public KeyName[] getLowCardinalityKeyNames() {
        return new KeyName[] {
            LowKey.SYSTEM,
            LowKey.OPERATION_NAME,
            LowKey.OPERATION_TYPE,
            LowKey.DESTINATION,
            LowKey.TASK,
            LowKey.ERROR_TYPE
        };
    }

    @Override
    public String getPrefix() {
        return "";
    }

    /** The keys with few values. */
    public enum LowKey implements KeyName {
        /** {@code procrastinate}. */
        SYSTEM("messaging.system"),
        /** {@code defer} or {@code run}. */
        OPERATION_NAME("messaging.operation.name"),
        /** {@code send} or {@code process}. */
        OPERATION_TYPE("messaging.operation.type"),
        /** The queue; {@code (other)} if there are more than 200, or if the jobs of one deferral have several. */
        DESTINATION("messaging.destination.name"),
        /** The task; {@code (unknown)} if a worker does not have it, {@code (other)} if the jobs have several. */
        TASK("procrastinate.task.name"),
        /** The class of the exception, or {@code none}. */
        ERROR_TYPE("error.type"),
        /** How the run ended, such as {@code succeeded} or {@code retried}; {@code none} as long as it goes on. */
        OUTCOME("procrastinate.outcome");

        private final String key;

        LowKey(String key) {
            this.key = key;
        }

        @Override
        public String asString() {
            return key;
        }
    }

    /** The keys with many values. */
    public enum HighKey implements KeyName {
        /** The job's id. */
        MESSAGE_ID("messaging.message.id"),
        /** How many jobs were deferred together, if more than one. */
        MESSAGE_COUNT("messaging.batch.message_count"),
        /** The job's lock, if it has one. */
        LOCK("procrastinate.lock"),
        /** How many runs the job has had, this one included. */
        ATTEMPT("procrastinate.job.attempt"),
        /** The worker's name. */
        CLIENT_ID("messaging.client.id"),
        /** The {@code traceparent} of the deferral, if the run is not part of its trace. */
        CREATED_BY("procrastinate.created.by");

        private final String key;

        HighKey(String key) {
            this.key = key;
        }

        @Override
        public String asString() {
            return key;
        }
    }
}
