package io.procrastinate.worker;

import io.procrastinate.connector.Notification;
import io.procrastinate.json.JsonValues;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The notifications of Procrastinate's triggers: the channels and the messages on them. */
final class NotificationProtocol {

    private static final String ANY_QUEUE = "procrastinate_any_queue_v1";
    private static final String ONE_QUEUE = "procrastinate_queue_v1#";

    private NotificationProtocol() {}

    /** The channels of a worker that serves these queues; an empty list means all. */
    static List<String> channels(List<String> queues) {
        return queues.isEmpty()
                ? List.of(ANY_QUEUE)
                : queues.stream().map(queue -> ONE_QUEUE + queue).toList();
    }

    /** The type of a message, if this release knows it: anyone may send anything to a channel. */
    static Optional<Type> type(Notification notification) {
        try {
            Object type =
                    JsonValues.read(notification.payload()) instanceof Map<?, ?> message ? message.get("type") : null;
            return "job_inserted".equals(type)
                    ? Optional.of(Type.JOB_INSERTED)
                    : "abort_job_requested".equals(type) ? Optional.of(Type.ABORT_REQUESTED) : Optional.empty();
        } catch (IllegalArgumentException e) {
            // Not a message of ours; polling finds whatever it was about.
            return Optional.empty();
        }
    }

    /** What may have happened: the ids in messages may be those of another schema, or invented. */
    enum Type {
        JOB_INSERTED,
        ABORT_REQUESTED
    }
}
