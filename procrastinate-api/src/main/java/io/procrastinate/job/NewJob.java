package io.procrastinate.job;

import io.procrastinate.annotation.Internal;
import io.procrastinate.exception.InvalidJobException;
import io.procrastinate.json.JsonArguments;
import io.procrastinate.json.JsonTexts;
import io.procrastinate.text.Printable;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A checked job to defer: its values can be stored. Immutable.
 *
 * <p>Each option returns a changed copy. A value that cannot be stored is refused with {@link InvalidJobException},
 * which names it.
 */
public final class NewJob {

    /** The queue of jobs without an explicit one. */
    public static final String DEFAULT_QUEUE = "default";

    /** PostgreSQL's channel names have at most 63 bytes, of which the prefix takes 23. */
    public static final int MOST_QUEUE_BYTES = 40;

    /** The width of the column. */
    public static final int MOST_NAME_CHARACTERS = 128;

    /** The most bytes that the headers of a job may have, as a JSON object in UTF-8. */
    public static final int MOST_HEADER_BYTES = 4096;

    private static final Instant FIRST =
            OffsetDateTime.of(1, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC).toInstant();
    private static final Instant LAST = OffsetDateTime.of(9999, 12, 31, 23, 59, 59, 999_999_000, ZoneOffset.UTC)
            .toInstant();

    private final Values values;

    private NewJob(Values values) {
        this.values = values;
    }

    /**
     * Creates a job of a task, in the queue {@value #DEFAULT_QUEUE}, with the priority 0, no locks, no arguments, and
     * due immediately.
     *
     * @throws InvalidJobException if the name is empty, has more than {@value #MOST_NAME_CHARACTERS} characters, or
     *     cannot be stored
     */
    public static NewJob of(String taskName) {
        return new NewJob(new Values(DEFAULT_QUEUE, taskName, 0, null, null, "{}", null, null, Map.of()));
    }

    /** Returns a copy with another queue. */
    public NewJob queue(String name) {
        return with(draft -> draft.queue = name);
    }

    /** Returns a copy with another priority. */
    public NewJob priority(int value) {
        return with(draft -> draft.priority = value);
    }

    /** Returns a copy with another lock, or none. */
    public NewJob lock(@Nullable String name) {
        return with(draft -> draft.lock = name);
    }

    /** Returns a copy with another queueing lock, or none. */
    public NewJob queueingLock(@Nullable String name) {
        return with(draft -> draft.queueingLock = name);
    }

    /** Returns a copy with other arguments, a JSON object. */
    public NewJob args(String json) {
        return with(draft -> draft.args = JsonArguments.requireObject(json));
    }

    /**
     * Returns a copy with a header: what programs tell each other about a job besides its arguments, such as the trace
     * that it belongs to. The code of its task does not see it, unless it asks for {@link Job#headers()}; programs in
     * Python do not see it. Without the layout of this library ({@link io.procrastinate.schema.SchemaLayout#OPTIMIZED})
     * there is no place for headers: they are left out, and a warning is logged once.
     *
     * @param value null for no such header
     */
    public NewJob header(String name, @Nullable String value) {
        return with(draft -> {
            Map<String, String> changed = new TreeMap<>(draft.headers);
            if (value == null) {
                changed.remove(name);
            } else {
                changed.put(name, value);
            }
            draft.headers = changed;
        });
    }

    /**
     * Returns a copy that does not run before an instant, in the years 1 to 9999; cannot be combined with
     * {@link #in(Duration)}.
     */
    public NewJob at(Instant instant) {
        return with(draft -> draft.at = instant);
    }

    /**
     * Returns a copy that does not run before a time has passed on the database's clock; cannot be combined with
     * {@link #at(Instant)}.
     */
    public NewJob in(Duration delay) {
        return with(draft -> draft.in = delay);
    }

    /**
     * Returns the queue's name unchanged.
     *
     * @throws InvalidJobException if it is too long or holds a NUL character
     * @hidden
     */
    @Internal
    public static String requireQueue(String queue) {
        requireText("queue name", queue);
        int bytes = queue.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > MOST_QUEUE_BYTES) {
            throw new InvalidJobException("The queue name '" + Printable.text(queue, MOST_NAME_CHARACTERS) + "' has "
                    + bytes + " bytes as UTF-8, at most " + MOST_QUEUE_BYTES
                    + " are possible: PostgreSQL could not send notifications about its jobs. Choose a shorter name.");
        }
        return queue;
    }

    /**
     * Returns the instant unchanged.
     *
     * @throws InvalidJobException if it is outside the years 1 to 9999, the only ones that Python's workers can read
     * @hidden
     */
    @Internal
    public static Instant requireInstant(Instant instant) {
        if (instant.isBefore(FIRST) || instant.isAfter(LAST)) {
            throw new InvalidJobException(
                    "The schedule " + instant + " is outside the years 1 to 9999, the only ones that Python's"
                            + " workers can read. Choose an instant within them.");
        }
        return instant;
    }

    /**
     * Returns a delay in whole microseconds. One that would lead beyond the year 9999 leads to its end, as in the
     * original; a negative one means immediately.
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
     * Returns a text, or null, unchanged.
     *
     * @param what the text is, such as {@code lock}, for the message
     * @throws InvalidJobException if it holds a NUL character or half a surrogate pair, which PostgreSQL cannot store
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
                        "The " + what + " holds half a surrogate pair, which is not Unicode text. Remove it.");
            }
        }
        return text;
    }

    /**
     * The queue, at most {@value #MOST_QUEUE_BYTES} bytes as UTF-8, because its notification channel contains its name.
     */
    public String queue() {
        return values.queue;
    }

    /** The task's name, 1 to {@value #MOST_NAME_CHARACTERS} characters. */
    public String taskName() {
        return values.taskName;
    }

    /** Higher values run first. */
    public int priority() {
        return values.priority;
    }

    /** Jobs of one lock run one at a time, in order; null for none. */
    public @Nullable String lock() {
        return values.lock;
    }

    /** Only one waiting job may have this lock; null for none. */
    public @Nullable String queueingLock() {
        return values.queueingLock;
    }

    /** The arguments, a JSON object. */
    public String args() {
        return values.args;
    }

    /** The job does not run before this instant, in the years 1 to 9999; null for none. */
    public @Nullable Instant at() {
        return values.at;
    }

    /** The job does not run before this time has passed on the database's clock; null for none. */
    public @Nullable Duration in() {
        return values.in;
    }

    /** The headers, by name; at most {@value #MOST_HEADER_BYTES} bytes as a JSON object in UTF-8. */
    public Map<String, String> headers() {
        return values.headers;
    }

    NewJob withoutHeaders() {
        return with(draft -> draft.headers = Map.of());
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

    /** Not public, so that another component breaks no caller. */
    private record Values(
            String queue,
            String taskName,
            int priority,
            @Nullable String lock,
            @Nullable String queueingLock,
            String args,
            @Nullable Instant at,
            @Nullable Duration in,
            Map<String, String> headers) {

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
            headers = headers.isEmpty() ? Map.of() : Collections.unmodifiableMap(requireHeaders(headers));
        }

        private static Map<String, String> requireHeaders(Map<String, String> headers) {
            headers.forEach((name, value) -> {
                requireText("name of a header", name);
                requireText("header " + Printable.text(name, MOST_NAME_CHARACTERS), value);
            });
            int bytes = JsonTexts.write(headers).getBytes(StandardCharsets.UTF_8).length;
            if (bytes > MOST_HEADER_BYTES) {
                throw new InvalidJobException(
                        "The headers " + Printable.text(headers.keySet().toString(), MOST_NAME_CHARACTERS)
                                + " have " + bytes + " bytes, at most " + MOST_HEADER_BYTES
                                + " are possible. What a job needs to run belongs into its arguments.");
            }
            return headers;
        }
    }

    /** The values while they are being changed. */
    private static final class Draft {

        private String queue;
        private String taskName;
        private int priority;
        private @Nullable String lock;
        private @Nullable String queueingLock;
        private String args;
        private @Nullable Instant at;
        private @Nullable Duration in;
        private Map<String, String> headers;

        Draft(Values values) {
            this.queue = values.queue;
            this.taskName = values.taskName;
            this.priority = values.priority;
            this.lock = values.lock;
            this.queueingLock = values.queueingLock;
            this.args = values.args;
            this.at = values.at;
            this.in = values.in;
            this.headers = values.headers;
        }

        Values values() {
            return new Values(queue, taskName, priority, lock, queueingLock, args, at, in, headers);
        }
    }
}
