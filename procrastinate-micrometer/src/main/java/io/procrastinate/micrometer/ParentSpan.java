package io.procrastinate.micrometer;

/** Whether the run of a job is part of the trace of its deferral. */
public enum ParentSpan {
    /**
     * If it is the job's first run, and the job waited for less than an hour: else the trace would last as long as the
     * job waits.
     */
    AUTO,
    /** Always. */
    ALWAYS,
    /** Never: each run is a trace of its own. */
    NEVER
}
