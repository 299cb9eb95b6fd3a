package io.procrastinate.job;

import java.time.Duration;
import java.time.Instant;

/**
 * A worker that is registered in the database, of this program or another one, in Java or Python.
 *
 * @param id its id, as {@link Job#workerId()}
 * @param lastHeartbeat its last heartbeat, by the database's clock
 * @param silence how long ago that was, by the database's clock
 * @param running how many jobs it runs
 */
public record WorkerInfo(long id, Instant lastHeartbeat, Duration silence, long running) {}
