/** Jobs in the database: what they are, and the calls that defer, watch and manage them. */
@NullMarked
package io.procrastinate.job;

import org.jspecify.annotations.NullMarked;
