package io.procrastinate.connector;

/**
 * A message that the database sent to those who listen.
 *
 * @param channel the channel's name
 * @param payload the text, empty where the sender gave none
 */
public record Notification(String channel, String payload) {}
