package io.procrastinate.connector;

/**
 * A message that the database sent to its listeners.
 *
 * @param channel the channel's name
 * @param payload the text, empty if the sender gave none
 */
public record Notification(String channel, String payload) {}
