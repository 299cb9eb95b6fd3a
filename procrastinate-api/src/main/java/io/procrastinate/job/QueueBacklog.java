package io.procrastinate.job;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a queue has to do.
 *
 * @param queue the queue's name
 * @param due how many jobs could run now
 * @param scheduled how many wait for their time
 * @param locked how many would be due but for another job of their lock, which runs or is before them
 * @param doing how many run, those of dead workers included
 * @param failed how many have failed and are still there
 * @param oldestDue how long the one that has been due longest has been so, by the database's clock; null if none is
 */
public record QueueBacklog(
        String queue,
        long due,
        long scheduled,
        long locked,
        long doing,
        long failed,
        @Nullable Duration oldestDue) {}
