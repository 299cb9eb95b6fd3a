/**
 * What turns any connector into all that an app needs: how one is found and chosen, a synchronous connector that does everything
 * on threads of its own, an asynchronous one behind blocking calls, and the statements of this library on either. A connector
 * needs nothing of it but, if it is natively asynchronous, {@link io.procrastinate.adapter.SyncCounterpart}.
 */
@NullMarked
package io.procrastinate.adapter;

import org.jspecify.annotations.NullMarked;
