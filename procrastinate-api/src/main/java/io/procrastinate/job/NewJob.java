package io.procrastinate.job;

import io.procrastinate.annotation.Internal;
import io.procrastinate.exception.InvalidJobException;
import io.procrastinate.json.JsonArguments;
import io.procrastinate.text.Printable;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A job that is to be deferred, checked: what stands in one of these can be stored. Immutable.
 *
 * <p>Each option returns a changed copy. One that cannot be stored is refused with {@link InvalidJobException}, which names it.
 */
public final class NewJob {

    /** The queue of jobs for which none is named. */
    public static final String DEFAULT_QUEUE = "default";

    /** PostgreSQL's channel names have at most 63 bytes, of which the prefix takes 23. */
    public static final int MOST_QUEUE_BYTES = 40;

    /** The width of the column. */
    public static final int MOST_NAME_CHARACTERS = 128;

    private static final Instant FIRST =
            OffsetDateTime.of(1, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC).toInstant();
    private static final Instant LAST = OffsetDateTime.of(9999, 12, 31, 23, 59, 59, 999_999_000, ZoneOffset.UTC)
            .toInstant();

    private final Values values;

    private NewJob(Values values) {
        this.values = values;
    }

    /**
     * A job of a task, in the queue {@value #DEFAULT_QUEUE}, with the priority 0, no locks, no arguments, and due at once.
     *
     * @throws InvalidJobException if the name is empty, has more than {@value #MOST_NAME_CHARACTERS} characters, or cannot be stored
     */
    public static NewJob of(String taskName) {
        return new NewJob(new Values(DEFAULT_QUEUE, taskName, 0, null, null, "{}", null, null));
    }

    /** The same in another queue. */
    public NewJob queue(String name) {
        return with(draft -> draft.queue = name);
    }

    /** The same with another priority. */
    public NewJob priority(int value) {
        return with(draft -> draft.priority = value);
    }

    /** The same with another lock, or none. */
    public NewJob lock(@Nullable String name) {
        return with(draft -> draft.lock = name);
    }

    /** The same with another queueing lock, or none. */
    public NewJob queueingLock(@Nullable String name) {
        return with(draft -> draft.queueingLock = name);
    }

    /** The same with other arguments, a JSON object. */
    public NewJob args(String json) {
        return with(draft -> draft.args = json);
    }

    /** The same, not before an instant in the years 1 to 9999; not with {@link #in(Duration)}. */
    public NewJob at(Instant instant) {
        return with(draft -> draft.at = instant);
    }

    /** The same, not before so much time has passed on the database's clock; not with {@link #at(Instant)}. */
    public NewJob in(Duration delay) {
        return with(draft -> draft.in = delay);
    }

    /**
     * Answers the queue's name unchanged.
     *
     * @throws InvalidJobException when it is too long or holds a NUL character
     * @hidden
     */
    @Internal
    public static String requireQueue(String queue) {
        requireText("queue name", queue);
        int bytes = queue.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > MOST_QUEUE_BYTES) {
            throw new InvalidJobException("The queue name '" + Printable.text(queue, MOST_NAME_CHARACTERS) + "' has "
                    + bytes + " bytes as UTF-8, at most " + MOST_QUEUE_BYTES
                    + " are possible: PostgreSQL could not notify of its jobs. Choose a shorter name.");
        }
        return queue;
    }

    /**
     * Answers the instant unchanged.
     *
     * @throws InvalidJobException when it lies outside the years 1 to 9999, which Python's workers cannot read
     * @hidden
     */
    @Internal
    public static Instant requireInstant(Instant instant) {
        if (instant.isBefore(FIRST) || instant.isAfter(LAST)) {
            throw new InvalidJobException(
                    "The schedule " + instant + " lies outside the years 1 to 9999, which is all that"
                            + " Python's workers can read. Choose an instant within them.");
        }
        return instant;
    }

    /**
     * A delay as whole microseconds. One that would lead beyond the year 9999 leads to its end, as in the original; a
     * negative one means at once.
     *
     * @hidden
     */
    @Internal
    public static @Nullable Long micros(@Nullable Duration delay) {
        if (delay == null) {
            return null;
        }
        Duration longest = Duration.between(Instant.now(), LAST).minus(1, ChronoUnit.DAYS);
        Duration clamped = delay.isNegative() ? Duration.ZERO : delay.compareTo(longest) > 0 ? longest : delay;
        return clamped.getSeconds() * 1_000_000 + clamped.getNano() / 1000;
    }

    /**
     * Answers a text unchanged, or that there is none.
     *
     * @param what the text is, such as {@code lock}, for the message
     * @throws InvalidJobException when it holds a NUL character or half a surrogate pair, which PostgreSQL cannot store
     * @hidden
     */
    @Internal
    public static @Nullable String requireText(String what, @Nullable String text) {
        if (text == null) {
            return null;
        }
        if (text.indexOf('\0') >= 0) {
            throw new InvalidJobException(
                    "The " + what + " holds a NUL character (U+0000), which PostgreSQL cannot store. Remove it.");
        }
        int point;
        for (int index = 0; index < text.length(); index += Character.charCount(point)) {
            point = text.codePointAt(index);
            if (point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE) {
                throw new InvalidJobException(
                        "The " + what + " holds half a surrogate pair, which is no Unicode text. Remove it.");
            }
        }
        return text;
    }

    /**
     * The queue, at most {@value #MOST_QUEUE_BYTES} bytes as UTF-8, because the channel that notifies of it carries
     * its name.
     */
    public String queue() {
        return values.queue;
    }

    /** The task's name, 1 to {@value #MOST_NAME_CHARACTERS} characters. */
    public String taskName() {
        return values.taskName;
    }

    /** The greater, the sooner. */
    public int priority() {
        return values.priority;
    }

    /** Jobs of one lock run one at a time, in order; null for none. */
    public @Nullable String lock() {
        return values.lock;
    }

    /** Among waiting jobs only one may have this lock; null for none. */
    public @Nullable String queueingLock() {
        return values.queueingLock;
    }

    /** The arguments, a JSON object. */
    public String args() {
        return values.args;
    }

    /** Not before this instant, in the years 1 to 9999; null for none. */
    public @Nullable Instant at() {
        return values.at;
    }

    /** Not before so much time has passed on the database's clock; null for none. */
    public @Nullable Duration in() {
        return values.in;
    }

    private NewJob with(Consumer<Draft> change) {
        Draft draft = new Draft(values);
        change.accept(draft);
        return new NewJob(draft.values());
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof NewJob that && values.equals(that.values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    @Override
    public String toString() {
        return values.toString().replaceFirst("Values", "NewJob");
    }

    /** Not public, so that one more breaks nobody. */
    private record Values(
            String queue,
            String taskName,
            int priority,
            @Nullable String lock,
            @Nullable String queueingLock,
            String args,
            @Nullable Instant at,
            @Nullable Duration in) {

        Values {
            requireQueue(queue);
            requireText("task name", taskName);
            if (taskName.isEmpty() || taskName.codePointCount(0, taskName.length()) > MOST_NAME_CHARACTERS) {
                throw new InvalidJobException("The task name '" + Printable.text(taskName, MOST_NAME_CHARACTERS)
                        + "' must have 1 to " + MOST_NAME_CHARACTERS + " characters, it has "
                        + taskName.codePointCount(0, taskName.length()));
            }
            requireText("lock", lock);
            requireText("queueing lock", queueingLock);
            if (at != null && in != null) {
                throw new InvalidJobException("Cannot set both at (" + at + ") and in (" + in + "): choose one");
            }
            if (at != null) {
                requireInstant(at);
            }
            JsonArguments.requireObject(args);
        }
    }

    /** The values while they change. */
    private static final class Draft {

        private String queue;
        private String taskName;
        private int priority;
        private @Nullable String lock;
        private @Nullable String queueingLock;
        private String args;
        private @Nullable Instant at;
        private @Nullable Duration in;

        Draft(Values values) {
            this.queue = values.queue;
            this.taskName = values.taskName;
            this.priority = values.priority;
            this.lock = values.lock;
            this.queueingLock = values.queueingLock;
            this.args = values.args;
            this.at = values.at;
            this.in = values.in;
        }

        Values values() {
            return new Values(queue, taskName, priority, lock, queueingLock, args, at, in);
        }
    }
}
