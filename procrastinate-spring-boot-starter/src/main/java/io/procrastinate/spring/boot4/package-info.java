/** What the queue's auto-configuration has for Spring Boot 4 alone. */
@NullMarked
package io.procrastinate.spring.boot4;

import org.jspecify.annotations.NullMarked;
