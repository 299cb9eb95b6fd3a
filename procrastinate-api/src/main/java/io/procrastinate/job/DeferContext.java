package io.procrastinate.job;

import java.util.List;

/** What a {@link DeferMiddleware} may know about a deferral. Immutable. */
public interface DeferContext {

    /** The jobs, at least one. */
    List<NewJob> jobs();

    /** Whether they are inserted on a connection of the caller, and so belong to the caller's transaction. */
    boolean joined();

    /** Whether a worker defers the job of a periodic task. */
    boolean periodic();
}
