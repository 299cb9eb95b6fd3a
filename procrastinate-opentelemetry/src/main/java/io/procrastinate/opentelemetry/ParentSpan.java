package io.procrastinate.opentelemetry;

/** When the span of a run has that of the deferral as its parent. It always has a link to it. */
public enum ParentSpan {
    /**
     * If it is the job's first run, and the job waited for less than an hour: else the trace would last as long as the
     * job waits.
     */
    AUTO,
    /** Always. */
    ALWAYS,
    /** Never: each run begins a trace. */
    NEVER
}
