/**
 * Turns any connector into all that an app needs: finds and chooses one, runs a synchronous connector on threads of its
 * own, puts an asynchronous one behind blocking calls, and executes this library's statements on either. A connector
 * itself needs only, if it is natively asynchronous, {@link io.procrastinate.adapter.SyncCounterpart}.
 */
@NullMarked
package io.procrastinate.adapter;

import org.jspecify.annotations.NullMarked;
