package io.procrastinate.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.App;
import io.procrastinate.connector.Identifiers;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.SchemaException;
import io.procrastinate.fixture.AppDatabase;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SchemaManagerTest {

    private AppDatabase database;
    private App app;
    private SchemaManager schema;

    @BeforeEach
    void open() throws SQLException {
        database = new AppDatabase();
        app = App.create(database.settings());
        Stages.join(app.openAsync());
        schema = app.schemaManager();
    }

    @AfterEach
    void close() throws SQLException {
        app.close();
        database.close();
    }

    @Test
    void makesTheSchema() throws SQLException {
        assertThat(schema.isApplied()).isFalse();
        assertThat(Stages.join(schema.isAppliedAsync())).isFalse();
        assertThat(Stages.join(schema.missingPartsAsync())).isEmpty();
        assertThat(schema.level()).isEqualTo(SchemaLevel.NONE);

        schema.apply();

        assertThat(schema.isApplied()).isTrue();
        assertThat(Stages.join(schema.isAppliedAsync())).isTrue();
        assertThat(schema.level()).isEqualTo(SchemaLevel.CURRENT);
        assertThat(Stages.join(schema.levelAsync())).isEqualTo(SchemaLevel.CURRENT);
        schema.requireSupported();
        Stages.join(schema.requireSupportedAsync());
        assertThat(app.externalTask("t").defer(Map.of())).isEqualTo(1);
        assertThat(database.catalogue()).isNotEmpty();
    }

    @Test
    void makesTheSameSchemaEitherWay() throws SQLException {
        Stages.join(schema.applyAsync());
        List<String> asynchronously = withoutIds(database.catalogue());
        try (AppDatabase other = new AppDatabase()) {
            other.run(schema.sql());
            assertThat(withoutIds(other.catalogue())).isEqualTo(asynchronously);
        }
    }

    @Test
    void refusesToMakeItTwice() throws SQLException {
        schema.apply();
        List<String> before = database.catalogue();

        refusedAsAlreadyThere(schema::apply);
        refusedAsAlreadyThere(() -> Stages.join(schema.applyAsync()));

        assertThat(database.catalogue()).isEqualTo(before);
        assertThat(schema.level()).isEqualTo(SchemaLevel.CURRENT);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE TYPE procrastinate_job_status AS ENUM ('todo')",
                "CREATE TABLE procrastinate_events (id int)",
                "CREATE TABLE procrastinate_workers (id int)"
            })
    void leavesNothingWhereAPartIsThere(String part) throws SQLException {
        database.run(part);
        List<String> before = database.catalogue();

        refusedAsAlreadyThere(schema::apply);

        assertThat(database.catalogue()).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void instancesThatStartTogetherAllFindIt(boolean asynchronously) {
        CyclicBarrier together = new CyclicBarrier(4);
        List<CompletableFuture<Boolean>> instances = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            instances.add(CompletableFuture.supplyAsync(
                    () -> ensuredHere(together, asynchronously), task -> new Thread(task).start()));
        }

        assertThat(instances.stream().map(CompletableFuture::join).toList())
                .containsExactlyInAnyOrder(true, false, false, false);
        assertThat(schema.isOptimized()).isTrue();
        assertThat(schema.ensure()).isFalse();
        schema.deoptimize();
        assertThat(schema.ensure()).isFalse();
        assertThat(schema.layout()).isEqualTo(SchemaLayout.ORIGINAL);
    }

    private boolean ensuredHere(CyclicBarrier together, boolean asynchronously) {
        try (App instance = App.create(database.settings())) {
            Stages.join(instance.openAsync());
            together.await();
            return asynchronously
                    ? Stages.join(instance.schemaManager().ensureAsync())
                    : instance.schemaManager().ensure();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void isNotMadeBesideHalfOfOne() throws SQLException {
        database.run("CREATE TABLE procrastinate_workers (id int)");
        List<String> before = database.catalogue();

        refusedAsAlreadyThere(schema::ensure);

        assertThat(database.catalogue()).isEqualTo(before);
    }

    @Test
    void isMadeOnceByTwoAtTheSameTime() throws SQLException {
        CyclicBarrier together = new CyclicBarrier(2);
        List<CompletableFuture<Boolean>> attempts = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            attempts.add(CompletableFuture.supplyAsync(() -> appliedHere(together), task -> new Thread(task).start()));
        }

        assertThat(attempts.stream().map(CompletableFuture::join).toList()).containsExactlyInAnyOrder(true, false);
        assertThat(schema.level()).isEqualTo(SchemaLevel.CURRENT);
        assertThat(app.externalTask("t").defer(Map.of())).isEqualTo(1);
    }

    private boolean appliedHere(CyclicBarrier together) {
        try (App other = App.create(database.settings()).open()) {
            together.await();
            other.schemaManager().apply();
            return true;
        } catch (SchemaException e) {
            assertThat(e).hasMessageContaining("Nothing was changed");
            return false;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "V3_4 |",
                "V3_3 | procrastinate_retry_job_v2",
                "V3_1 | procrastinate_retry_job_v2 procrastinate_defer_jobs_v1 priority",
                "V3_2 | procrastinate_retry_job_v2 priority",
                "V3_0 | procrastinate_retry_job_v2 procrastinate_defer_jobs_v1 procrastinate_fetch_job_v2",
                "BEFORE_V3_0 | procrastinate_retry_job_v2 procrastinate_defer_jobs_v1 procrastinate_fetch_job_v2"
                        + " procrastinate_fetch_job_v1",
                "NONE | tables"
            })
    void tellsTheLevelByWhatItBrought(SchemaLevel level, String missing) throws SQLException {
        schema.apply();
        database.run("CREATE OR REPLACE FUNCTION procrastinate_fetch_job_v1(text[]) RETURNS int LANGUAGE sql AS"
                + " 'SELECT 1'");
        for (String part : missing == null ? new String[0] : missing.split(" ")) {
            take(part);
        }

        assertThat(schema.level()).isEqualTo(level);
        assertThat(schema.isApplied()).isEqualTo(level != SchemaLevel.NONE);
        if (!level.isSupported()) {
            assertThatThrownBy(schema::requireSupported)
                    .isInstanceOf(SchemaException.class)
                    .hasMessageContaining(
                            switch (level) {
                                case NONE -> "app.schemaManager().apply()";
                                case BEFORE_V3_0 -> "older than 3.0";
                                default -> level.text();
                            });
            assertThatThrownBy(() -> Stages.join(schema.requireSupportedAsync()))
                    .isInstanceOf(SchemaException.class);
            assertThatThrownBy(() -> app.worker(app.workerDefaults())).isInstanceOf(SchemaException.class);
        }
    }

    private void take(String part) throws SQLException {
        switch (part) {
            case "tables" -> database.run("DROP TABLE procrastinate_jobs CASCADE");
            case "priority" -> {
                dropFunctions("procrastinate_fetch_job_v2");
                database.run("CREATE FUNCTION procrastinate_fetch_job_v2(text[], bigint) RETURNS int LANGUAGE sql AS"
                        + " 'SELECT 1'");
            }
            default -> dropFunctions(part);
        }
    }

    private void dropFunctions(String name) throws SQLException {
        for (String function : database.rows("SELECT oid::regprocedure FROM pg_proc WHERE proname = ?", name)) {
            database.run("DROP FUNCTION " + function);
        }
    }

    @Test
    void saysThatTheSchemaIsMissing() {
        assertThatThrownBy(() -> app.externalTask("t").defer(Map.of()))
                .isInstanceOf(SchemaException.class)
                .hasMessageContaining("app.schemaManager().apply()")
                .hasMessageContaining("procrastinate_jobs");
        assertThatThrownBy(() -> Stages.join(app.jobManager().statusAsync(1))).isInstanceOf(SchemaException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tasks", "Upper Case", "quo\"te", "com,ma", "ünï", "select", "a.b"})
    void livesInASchemaOfAnyName(String name) throws SQLException {
        database.run("CREATE SCHEMA " + Identifiers.quote(name));
        try (App other =
                App.create(database.settings().toBuilder().schema(name).build()).open()) {
            other.schemaManager().apply();
            assertThat(other.schemaManager().level()).isEqualTo(SchemaLevel.CURRENT);
            assertThat(other.externalTask("t").defer(Map.of())).isEqualTo(1);
        }
        assertThat(schema.level()).isEqualTo(SchemaLevel.NONE);
        assertThat(database.catalogue()).isEmpty();
        assertThat(database.rows(
                        "SELECT schemaname FROM pg_tables WHERE tablename LIKE 'procrastinate%' GROUP BY schemaname"))
                .containsExactly(name);
    }

    @Test
    void saysThatTheSchemaToLiveInDoesNotExist() throws SQLException {
        try (App other = App.create(
                        database.settings().toBuilder().schema("nowhere").build())
                .open()) {
            assertThat(other.schemaManager().isApplied()).isFalse();
            assertThatThrownBy(() -> other.schemaManager().apply())
                    .isInstanceOf(SchemaException.class)
                    .hasMessageContaining("no schema has been selected to create in")
                    .hasMessageContaining("CREATE SCHEMA");
        }
        assertThat(database.catalogue()).isEmpty();
    }

    private static void refusedAsAlreadyThere(Runnable apply) {
        assertThatThrownBy(apply::run)
                .isInstanceOf(SchemaException.class)
                .hasMessageContaining("The schema was not applied")
                .hasMessageContaining("already")
                .hasMessageContaining("Nothing was changed");
    }

    /** Constraints name their table by its number, which differs between databases. */
    private static List<String> withoutIds(List<String> catalogue) {
        return catalogue.stream().map(line -> line.replaceAll("\\|\\d+$", "")).toList();
    }
}
