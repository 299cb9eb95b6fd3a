package io.procrastinate.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.tck.TestDatabase;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.PGConnection;

/** Compares our schema with that of Python's package. */
class SchemaComparisonTest {

    /** Names of what this library adds: columns, the log of events, functions, triggers and indexes. */
    private static final Pattern OURS =
            Pattern.compile("\\w+ (procrastinate_jobs\\.java_|procrastinate_java_).*", Pattern.DOTALL);

    /**
     * What is of another form in our layout: the table of events is a view, and indexes of locks leave out what has
     * none.
     */
    private static final List<String> CHANGED = List.of(
            "column procrastinate_events.at",
            "column procrastinate_events.id",
            "column procrastinate_events.job_id",
            "index procrastinate_events_job_id_fkey_v1",
            "index procrastinate_events_pkey",
            "index procrastinate_jobs_lock_idx_v1",
            "index procrastinate_jobs_queueing_lock_idx_v1",
            "table procrastinate_events");

    /** What ours does otherwise. */
    private static final List<String> GONE = List.of(
            "constraint procrastinate_events", // its primary key and its foreign key
            "constraint procrastinate_events",
            "constraint procrastinate_jobs",
            "constraint procrastinate_periodic_defers",
            "index idx_procrastinate_jobs_worker_not_null",
            "index procrastinate_jobs_id_lock_idx_v1",
            "index procrastinate_jobs_priority_idx_v1",
            "index procrastinate_jobs_queue_name_idx_v1");

    /**
     * What is left in the end, with the columns that both have. Events of a job are in order on both, under other ids.
     * The job that ended keeps the number of its worker on ours.
     */
    private static final List<String> LEFT = List.of(
            "SELECT id, queue_name, task_name, priority, lock, queueing_lock, args, status, scheduled_at, attempts,"
                    + " abort_requested, CASE status WHEN 'doing' THEN worker_id END FROM procrastinate_jobs ORDER BY id",
            "SELECT job_id, type, at FROM procrastinate_events ORDER BY job_id, id",
            "SELECT * FROM procrastinate_periodic_defers ORDER BY id",
            "SELECT * FROM procrastinate_workers ORDER BY id");

    /** Those whose work ours do. They stay, switched off. */
    private static final List<String> SWITCHED_OFF = List.of(
            "trigger procrastinate_jobs_notify_queue_job_inserted_v1",
            "trigger procrastinate_trigger_abort_requested_events_v1",
            "trigger procrastinate_trigger_delete_jobs_v1",
            "trigger procrastinate_trigger_scheduled_events_v1",
            "trigger procrastinate_trigger_status_events_insert_v1",
            "trigger procrastinate_trigger_status_events_update_v1");

    @ParameterizedTest
    @EnumSource
    void ourSchemaIsPythonsButForWhatIsNamedAsOursAndWhatIsListed(PythonRelease release) throws Exception {
        try (SharedQueue ours = SharedQueue.ofJava(release);
                SharedQueue theirs = SharedQueue.ofPython(release)) {
            List<String> mine = catalogue(ours.database());
            List<String> original = catalogue(theirs.database());

            List<String> additions = new ArrayList<>(mine);
            additions.removeAll(original);
            List<String> missing = new ArrayList<>(original);
            missing.removeAll(mine);

            String difference = difference(missing, additions);
            additions.removeIf(added -> OURS.matcher(added).matches());
            assertThat(startsOf(additions))
                    .as(difference)
                    .containsExactlyInAnyOrderElementsOf(concat(CHANGED, SWITCHED_OFF));
            assertThat(startsOf(missing))
                    .as(difference)
                    .containsExactlyInAnyOrderElementsOf(concat(concat(CHANGED, SWITCHED_OFF), GONE));
        }
    }

    @ParameterizedTest
    @EnumSource
    void withoutOurAdditionsNothingIsLeftOfThem(PythonRelease release) throws Exception {
        try (SharedQueue ours = SharedQueue.ofJava(release);
                SharedQueue theirs = SharedQueue.ofPython(release)) {
            ours.java().app().schemaManager().deoptimize();

            assertThat(catalogue(ours.database())).containsExactlyElementsOf(catalogue(theirs.database()));
        }
    }

    @ParameterizedTest
    @EnumSource
    void pythonsSchemaOptimizedByUsIsOurs(PythonRelease release) throws Exception {
        try (SharedQueue ours = SharedQueue.ofJava(release);
                SharedQueue theirs = SharedQueue.ofPython(release)) {
            theirs.java().app().schemaManager().optimize();

            assertThat(catalogue(theirs.database())).containsExactlyElementsOf(catalogue(ours.database()));
        }
    }

    @ParameterizedTest
    @EnumSource
    void functionsAndTriggersDoTheSame(PythonRelease release) throws Exception {
        try (SharedQueue ours = SharedQueue.ofJava(release);
                SharedQueue theirs = SharedQueue.ofPython(release)) {
            List<String> statements = statements();

            assertThat(String.join("\n", played(ours.database(), statements)))
                    .isEqualTo(String.join("\n", played(theirs.database(), statements)));
        }
    }

    /** No event is lost, doubled or moved when the tables are changed, with the jobs of both layouts in them. */
    @ParameterizedTest
    @EnumSource
    void eventsStayTheSameThereAndBack(PythonRelease release) throws Exception {
        try (SharedQueue queue = SharedQueue.ofPython(release)) {
            TestDatabase database = queue.database();
            played(database, statements());
            String original = events(database, "(id, job_id, type, at)::text");

            queue.java().app().schemaManager().optimize();
            assertThat(events(database, "(id, job_id, type, at)::text")).isEqualTo(original);

            database.run("UPDATE procrastinate_jobs SET queueing_lock = NULL");
            played(database, statements());
            String optimized = events(database, "(job_id, type, at)::text");
            assertThat(optimized).hasSizeGreaterThan(original.length());

            queue.java().app().schemaManager().deoptimize();
            assertThat(events(database, "(job_id, type, at)::text")).isEqualTo(optimized);
            assertThat(queue.java().app().schemaManager().missingParts()).isEmpty();
        }
    }

    /** Each statement, what it answers, whom it notifies of what, and what the tables hold in the end. */
    private static List<String> played(TestDatabase database, List<String> statements) throws SQLException {
        List<String> played = new ArrayList<>();
        try (Connection connection = database.connect();
                Connection listening = database.connect()) {
            for (String channel :
                    List.of("any_queue_v1", "queue_v1#q", "queue_v1#r", "queue_v1#bulk", "queue_v1#other")) {
                execute(listening, "LISTEN \"procrastinate_" + channel + "\"");
            }
            for (String statement : statements) {
                played.add(statement + "\n  = " + execute(connection, statement));
                played.add("  ! " + notifications(listening));
            }
            LEFT.forEach(left -> played.add(execute(connection, left)));
        }
        return played;
    }

    private static String events(TestDatabase database, String columns) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(
                        "SELECT " + columns + " FROM procrastinate_events ORDER BY job_id, id")) {
            List<String> lines = new ArrayList<>();
            while (rows.next()) {
                lines.add(rows.getString(1));
            }
            return String.join("\n", lines);
        }
    }

    private static List<String> statements() {
        return resource("scenario.sql")
                .replace("\n    ", " ") // what is indented goes on with the statement above
                .lines()
                .filter(line -> !line.startsWith("--"))
                .toList();
    }

    /** Ours tells of many jobs of a queue at once: their ids are left out, and repetitions. */
    private static String notifications(Connection listening) throws SQLException {
        execute(listening, "SELECT 1");
        return Arrays.stream(listening.unwrap(PGConnection.class).getNotifications(1))
                .map(received ->
                        received.getName() + " " + received.getParameter().replaceAll("[0-9]+", "N"))
                .collect(java.util.stream.Collectors.toCollection(TreeSet::new))
                .toString();
    }

    private static String execute(Connection connection, String sql) {
        try (Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            return statement.execute(sql) ? rows(statement.getResultSet()) : statement.getUpdateCount() + " rows";
        } catch (SQLException e) {
            return e.getSQLState() + " " + String.valueOf(e.getMessage()).replaceAll("(?s)\\n.*", "");
        }
    }

    private static String rows(ResultSet rows) throws SQLException {
        List<String> lines = new ArrayList<>();
        while (rows.next()) {
            List<String> columns = new ArrayList<>();
            for (int column = 1; column <= rows.getMetaData().getColumnCount(); column++) {
                columns.add(withoutNow(rows.getString(column)));
            }
            lines.add(String.join(" | ", columns));
        }
        return String.join("\n", lines);
    }

    /** Only given times are comparable. */
    private static String withoutNow(@org.jspecify.annotations.Nullable String value) {
        return String.valueOf(value).matches("20[23][0-9]-.*:.*")
                        && !String.valueOf(value).startsWith("2031-01-01 ")
                ? "now"
                : String.valueOf(value);
    }

    static List<String> catalogue(TestDatabase database) {
        return database.texts(resource("catalogue.sql")).stream()
                .map(String::valueOf)
                .filter(line -> !line.matches("(table|column|index|sequence|constraint|type) (journal|gate).*"))
                .toList();
    }

    private static List<String> startsOf(List<String> lines) {
        return lines.stream()
                .map(line -> line.startsWith("function")
                        ? line
                        : String.join(" ", List.of(line.split(" ")).subList(0, 2)))
                .toList();
    }

    private static List<String> concat(List<String> one, List<String> other) {
        List<String> both = new ArrayList<>(one);
        both.addAll(other);
        return both;
    }

    private static String difference(List<String> missing, List<String> additions) {
        return "in Python's schema only:\n  " + String.join("\n  ", missing) + "\nin ours only:\n  "
                + String.join("\n  ", additions);
    }

    private static String resource(String name) {
        try (InputStream stream = SchemaComparisonTest.class.getResourceAsStream(name)) {
            if (stream == null) {
                throw new IllegalStateException("There is no resource " + name);
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
