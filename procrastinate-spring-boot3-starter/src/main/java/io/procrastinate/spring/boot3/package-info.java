/** What the queue's auto-configuration has for Spring Boot 3.5 alone. */
@NullMarked
package io.procrastinate.spring.boot3;

import org.jspecify.annotations.NullMarked;
