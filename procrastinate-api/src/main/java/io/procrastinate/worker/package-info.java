/** Workers: they fetch jobs, run them and store their results. */
@NullMarked
package io.procrastinate.worker;

import org.jspecify.annotations.NullMarked;
