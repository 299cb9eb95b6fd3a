package io.procrastinate.connector;

import org.jspecify.annotations.Nullable;

/**
 * The application's pool, as far as a connector knows it. Listening keeps one of its connections, unless the settings
 * have a URL for listening.
 *
 * @param size how many connections it gives at most, or null if that is unknown
 * @param listens whether listening takes one of them; false if the connector listens elsewhere or not at all
 */
public record SharedPool(@Nullable Integer size, boolean listens) {}
