/**
 * Makes any connector do what an app needs: finds and chooses one, runs a synchronous connector on threads of its own,
 * offers blocking calls on an asynchronous one, and executes this library's statements on either. The only class that a
 * connector itself needs is {@link io.procrastinate.adapter.SyncCounterpart}, if it is natively asynchronous.
 */
@NullMarked
package io.procrastinate.adapter;

import org.jspecify.annotations.NullMarked;
