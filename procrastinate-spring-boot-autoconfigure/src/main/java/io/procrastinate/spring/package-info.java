/** Auto-configuration for Spring Boot: the app, its tasks, its transactions and its workers. */
@NullMarked
package io.procrastinate.spring;

import org.jspecify.annotations.NullMarked;
