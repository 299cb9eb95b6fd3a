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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.PGConnection;

/** Compares our schema with that of Python's package. */
class SchemaComparisonTest {

    private static final List<String> ADDITIONS = List.of(
            "function procrastinate_java_after_insert() returns trigger plpgsql vu",
            "function procrastinate_java_after_update() returns trigger plpgsql vu",
            "index procrastinate_java_due_idx",
            "index procrastinate_java_free_idx",
            "index procrastinate_java_free_queue_idx",
            "index procrastinate_java_lock_idx",
            "index procrastinate_java_locked_idx",
            "index procrastinate_java_locked_queue_idx",
            "trigger procrastinate_java_after_insert",
            "trigger procrastinate_java_after_update");

    /** Triggers replaced by our statement-level ones. They stay, switched off. */
    private static final List<String> SWITCHED_OFF = List.of(
            "trigger procrastinate_jobs_notify_queue_job_inserted_v1",
            "trigger procrastinate_trigger_scheduled_events_v1",
            "trigger procrastinate_trigger_status_events_insert_v1",
            "trigger procrastinate_trigger_status_events_update_v1");

    @ParameterizedTest
    @EnumSource
    void ourSchemaIsPythonsWithAdditionsThatAreNamedAsOurs(PythonRelease release) throws Exception {
        try (SharedQueue ours = SharedQueue.ofJava(release);
                SharedQueue theirs = SharedQueue.ofPython(release)) {
            List<String> mine = catalogue(ours.database());
            List<String> original = catalogue(theirs.database());

            List<String> additions = new ArrayList<>(mine);
            additions.removeAll(original);
            List<String> missing = new ArrayList<>(original);
            missing.removeAll(mine);

            assertThat(startsOf(additions))
                    .as(difference(missing, additions))
                    .containsExactlyInAnyOrderElementsOf(concat(ADDITIONS, SWITCHED_OFF));
            assertThat(startsOf(missing))
                    .as(difference(missing, additions))
                    .containsExactlyInAnyOrderElementsOf(SWITCHED_OFF);
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
            List<String> statements = resource("scenario.sql")
                    .replace("\n    ", " ") // indented lines continue the statement above
                    .lines()
                    .filter(line -> !line.startsWith("--"))
                    .toList();

            assertThat(String.join("\n", played(ours.database(), statements)))
                    .isEqualTo(String.join("\n", played(theirs.database(), statements)));
        }
    }

    /** Each statement with its result and its notifications, and the final contents of the tables. */
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
            for (String table : List.of("jobs", "events", "periodic_defers", "workers")) {
                played.add(execute(connection, "SELECT * FROM procrastinate_" + table + " ORDER BY id"));
            }
        }
        return played;
    }

    /** Our schema notifies of many jobs of a queue at once: leaves out their ids, and repetitions. */
    private static String notifications(Connection listening) throws SQLException {
        execute(listening, "SELECT 1");
        return Arrays.stream(listening.unwrap(PGConnection.class).getNotifications(1))
                .map(heard -> heard.getName() + " " + heard.getParameter().replaceAll("[0-9]+", "N"))
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
