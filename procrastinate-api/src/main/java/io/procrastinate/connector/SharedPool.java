package io.procrastinate.connector;

import org.jspecify.annotations.Nullable;

/**
 * The application's pool, as far as a connector knows it. Whoever listens keeps one of its connections, unless the settings have a
 * URL for listening.
 *
 * @param size the most connections that it gives, or null where it does not tell
 * @param listens whether listening takes one of them; false where it is done elsewhere or not at all
 */
public record SharedPool(@Nullable Integer size, boolean listens) {}
