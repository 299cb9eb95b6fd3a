package io.procrastinate.connector;

import org.jspecify.annotations.Nullable;

/**
 * The application's pool, as far as a connector knows it.
 *
 * @param size the most connections that it gives, or null where it does not tell
 * @param listens whether whoever listens keeps one of them
 */
public record SharedPool(@Nullable Integer size, boolean listens) {}
