package io.procrastinate.interop;

import static io.procrastinate.interop.WorkerSetup.on;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.exception.SchemaException;
import io.procrastinate.interop.PythonRelease.Migration;
import io.procrastinate.interop.Side.RunningWorker;
import io.procrastinate.schema.SchemaLevel;
import io.procrastinate.schema.SchemaManager;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Databases created and migrated by Python's package, and our databases under its migrations. */
class MigrationsTest {

    /** The migrations with which a level begins. */
    private static final Map<String, SchemaLevel> LEVELS = levels();

    private static Map<String, SchemaLevel> levels() {
        Map<String, SchemaLevel> levels = new LinkedHashMap<>();
        levels.put("00.00.00_01", SchemaLevel.BEFORE_V3_0);
        levels.put("03.00.00_01", SchemaLevel.UNKNOWN); // the level that Python completes with the next
        levels.put("03.00.00_50", SchemaLevel.V3_0);
        levels.put("03.01.00_01", SchemaLevel.V3_1);
        levels.put("03.02.00_01", SchemaLevel.V3_2);
        levels.put("03.03.00_01", SchemaLevel.V3_3);
        levels.put("03.04.00_01", SchemaLevel.V3_4);
        return levels;
    }

    @ParameterizedTest
    @EnumSource
    void javaKnowsEachLevelAndWorksFromTheOneThatItNeeds(PythonRelease release) {
        try (SharedQueue queue = SharedQueue.empty(release)) {
            SchemaManager schema = queue.java().app().schemaManager();
            SchemaLevel expected = SchemaLevel.NONE;
            assertThat(schema.level()).isEqualTo(expected);

            for (Migration migration : release.migrations()) {
                queue.database().runScript(migration.sql());

                expected = LEVELS.getOrDefault(migration.name().substring(0, 11), expected);
                assertThat(schema.level()).as("after " + migration.name()).isEqualTo(expected);
                if (expected == SchemaLevel.V3_0) {
                    keepAJobOfAnOldRelease(queue);
                }
                if (expected.isSupported()) {
                    assertBothSidesWork(queue);
                } else {
                    assertThatThrownBy(() -> queue.java().startWorker(on())).isInstanceOf(SchemaException.class);
                }
            }

            assertThat(queue.database().number("SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'"))
                    .as("jobs that were deferred before the migrations, too")
                    .isEqualTo(2 * 2 + 1);
            try (SharedQueue fresh = SharedQueue.ofPython(release)) {
                assertThat(SchemaComparisonTest.catalogue(queue.database()))
                        .containsExactlyElementsOf(SchemaComparisonTest.catalogue(fresh.database()));
            }
        }
    }

    private static void keepAJobOfAnOldRelease(SharedQueue queue) {
        queue.database().run("INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('python', 'echo')");
    }

    /** From every level, our migrations lead to the same schema as Python's. */
    @ParameterizedTest
    @EnumSource
    void ourMigrationsDoWhatPythonsDo(PythonRelease release) {
        try (SharedQueue fresh = SharedQueue.ofPython(release)) {
            for (String level : List.of("03.00.00_50", "03.01.00_50", "03.02.00_50", "03.03.00_01")) {
                try (SharedQueue queue = SharedQueue.empty(release)) {
                    release.migrations().stream()
                            .filter(migration ->
                                    migration.name().substring(0, 11).compareTo(level) <= 0)
                            .forEach(migration -> queue.database().runScript(migration.sql()));

                    queue.java().app().schemaManager().migrate();
                    assertBothSidesWork(queue);

                    queue.java().app().schemaManager().deoptimize();
                    assertThat(SchemaComparisonTest.catalogue(queue.database()))
                            .as("migrated from " + level)
                            .containsExactlyElementsOf(SchemaComparisonTest.catalogue(fresh.database()));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void bothSidesWorkOnADatabaseOfEither(PythonRelease release) {
        try (SharedQueue ours = SharedQueue.ofJava(release);
                SharedQueue theirs = SharedQueue.ofPython(release)) {
            assertBothSidesWork(ours);
            assertBothSidesWork(theirs);
            theirs.java().app().schemaManager().optimize();
            assertBothSidesWork(theirs);
            ours.java().app().schemaManager().deoptimize();
            assertBothSidesWork(ours);
        }
    }

    /** Migrations of the package beyond our level: there may be none today. */
    @ParameterizedTest
    @EnumSource
    void laterMigrationsOfPythonSuitOurDatabase(PythonRelease release) {
        try (SharedQueue queue = SharedQueue.ofJava(release)) {
            List<Migration> later = release.migrations().stream()
                    .filter(migration -> migration.name().compareTo("03.04.00_51") > 0)
                    .toList();
            later.forEach(migration -> queue.database().runScript(migration.sql()));

            assertBothSidesWork(queue);
        }
    }

    /** Later migrations replace functions, and drop and recreate triggers. */
    @ParameterizedTest
    @EnumSource
    void functionsAndTriggersOfPythonReplaceOurs(PythonRelease release) {
        try (SharedQueue queue = SharedQueue.ofJava(release)) {
            queue.database()
                    .runScript(statements(release.schema(), "CREATE FUNCTION ")
                            .replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"));
            assertBothSidesWork(queue);

            for (String trigger : queue.database()
                    .texts("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgname NOT LIKE '%java%'")) {
                queue.database().runScript("DROP TRIGGER " + trigger + " ON procrastinate_jobs");
            }
            queue.database().runScript(statements(release.schema(), "CREATE TRIGGER "));
            assertBothSidesWork(queue);

            queue.java().app().schemaManager().optimize();
            queue.database().run("TRUNCATE procrastinate_jobs RESTART IDENTITY CASCADE");
            assertBothSidesWork(queue);
            assertThat(queue.database()
                            .texts("SELECT type::text FROM procrastinate_events WHERE job_id = 1 ORDER BY id"))
                    .containsExactly("deferred", "started", "succeeded");
        }
    }

    /** The statements of a script with this beginning; functions end with their quoted body. */
    private static String statements(String script, String begin) {
        StringBuilder found = new StringBuilder();
        int at = script.indexOf(begin);
        while (at >= 0) {
            int bodyEnd = begin.contains("FUNCTION") ? script.indexOf("$$", script.indexOf("$$", at) + 2) : at;
            int end = script.indexOf(';', bodyEnd) + 1;
            found.append(script, at, end).append('\n');
            at = script.indexOf(begin, end);
        }
        return found.toString();
    }

    private static void assertBothSidesWork(SharedQueue queue) {
        RunningWorker java = queue.java().startWorker(on("java"));
        RunningWorker python = queue.python().startWorker(on("python"));
        try (java;
                python) {
            long fromPython =
                    queue.python().defer(SharedQueue.job("java", "echo").args("{\"n\": 1}"));
            long fromJava = queue.java().defer(SharedQueue.job("python", "echo").args("{\"n\": 1}"));

            queue.awaitStatus(fromPython, "succeeded");
            queue.awaitStatus(fromJava, "succeeded");
            queue.awaitAllEnded();
            assertThat(queue.java().jobs())
                    .containsExactlyElementsOf(queue.python().jobs());
        }
    }
}
