package io.procrastinate.job;

import java.time.Instant;

/**
 * An event of a job.
 *
 * @param type what happened
 * @param at when, by the database's clock
 */
public record JobEvent(JobEventType type, Instant at) {}
