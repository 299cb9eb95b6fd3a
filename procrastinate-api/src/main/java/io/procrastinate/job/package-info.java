/** Jobs in the database, and the calls that defer, watch and manage them. */
@NullMarked
package io.procrastinate.job;

import org.jspecify.annotations.NullMarked;
