package io.procrastinate.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.connector.Identifiers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SchemaCommandTest extends CommandTest {

    /** Makes the schema one of level 3.3 by removing parts; the trigger stays as it is. */
    private static final String LOWER =
            "DROP FUNCTION procrastinate_retry_job_v2(bigint, timestamptz, integer, varchar, varchar)";

    @Test
    void migratesAfterShowingWhatItWouldDo() throws SQLException {
        run("--url", url(), "schema");
        sql(LOWER);
        assertThat(run("--url", url(), "schema", "--check")).isEqualTo(1);
        assertThat(err()).contains("of level 3.3, this library needs 3.4").contains("procrastinate schema --migrate");

        assertThat(printed("--url", url(), "schema", "--migrate", "--dry-run"))
                .contains("pg_advisory_xact_lock")
                .contains("-- 03.04.00_b_functions: the functions of this level")
                .contains("CREATE OR REPLACE FUNCTION procrastinate_retry_job_v2(");
        assertThat(err()).contains("Would run 03.04.00_b_functions").contains("Nothing was changed");
        assertThat(run("--url", url(), "schema", "--check")).isEqualTo(1);

        assertThat(printed("--url", url(), "schema", "--migrate")).isEmpty();
        assertThat(err()).contains("Migrating schema from level 3.3").contains("Ran 03.04.00_b_functions");
        assertThat(printed("--url", url(), "schema", "--check")).startsWith("Schema: 3.4\n");
        printed("--url", url(), "schema", "--migrate");
        assertThat(err()).contains("Nothing to do");
        assertThat(printed("--url", url(), "schema", "--migrate", "--dry-run")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"Upper Case", "quo\"te", "a.b"})
    void livesInASchemaOfAnyName(String name) throws SQLException {
        sql("CREATE SCHEMA " + Identifiers.quote(name));
        environment.put("PROCRASTINATE_SCHEMA", name);
        environment.put("PROCRASTINATE_URL", url());
        printed("schema", "--apply");
        printed("defer", "sum", "--unknown");
        assertThat(printed("shell", "list_jobs")).isEqualTo("#1 sum on default - [todo]\n");
        printed("schema", "--migrate");
        printed("schema", "--deoptimize");
        printed("schema", "--optimize");
        environment.remove("PROCRASTINATE_SCHEMA");
        assertThat(run("schema", "--check")).isEqualTo(1);
    }

    @Test
    void optimizesAndTakesItBack() {
        printed("--url", url(), "schema");
        assertThat(indexes()).isEqualTo("9");
        assertThat(printed("--url", url(), "schema", "--check")).contains("Layout: optimized\n");
        printed("--url", url(), "schema", "--deoptimize");
        assertThat(indexes()).isEqualTo("0");
        assertThat(printed("--url", url(), "schema", "--check")).contains("Layout: original\n");
        printed("--url", url(), "schema", "--migrate");
        assertThat(err()).contains("procrastinate schema --optimize");
        printed("--url", url(), "schema", "--optimize");
        assertThat(indexes()).isEqualTo("9");
    }

    @Test
    void writesTheMigrationScripts(@TempDir Path folder) throws IOException {
        Path wanted = folder.resolve("new").resolve("folder");
        assertThat(printed("schema", "--migrations-path", wanted.toString())).isEqualTo(wanted + "\n");
        try (Stream<Path> files = Files.list(wanted)) {
            assertThat(files.map(file -> file.getFileName().toString()).sorted())
                    .startsWith("03.01.00_workers.sql", "03.02.00_batches.sql")
                    .hasSize(5);
        }
        Path made = Path.of(printed("schema", "--migrations-path").strip());
        assertThat(made.resolve("03.01.00_workers.sql"))
                .hasSameTextualContentAs(wanted.resolve("03.01.00_workers.sql"));
        assertThat(run(
                        "schema",
                        "--migrations-path",
                        wanted.resolve("03.01.00_workers.sql").toString()))
                .isEqualTo(1);
        assertThat(err()).contains("Name another directory");
    }

    private static String indexes() {
        return value("SELECT count(*) FROM pg_class WHERE relname LIKE 'procrastinate\\_java\\_%idx'");
    }
}
