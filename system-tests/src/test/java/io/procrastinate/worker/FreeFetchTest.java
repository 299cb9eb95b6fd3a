package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.adapter.QueryFile;
import io.procrastinate.fixture.AppDatabase;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The cheap fetch takes what the whole one would, or reports that it cannot. */
class FreeFetchTest {

    private static final QueryFile QUERIES = QueryFile.beside(Worker.class, "fetch.sql");

    private AppDatabase database;

    @BeforeEach
    void deferFreeJobs() throws SQLException {
        database = AppDatabase.withSchema();
        database.run("INSERT INTO procrastinate_workers DEFAULT VALUES");
        database.run("INSERT INTO procrastinate_jobs (task_name, queue_name, priority)"
                + " VALUES ('free', 'a', 0), ('free', 'b', 1), ('free', 'a', 1), ('free', 'a', -1)");
    }

    @AfterEach
    void close() throws SQLException {
        database.close();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
                    all    | nothing else     | NULL                                        | 2 3 1
                    queues | nothing else     | NULL                                        | 3 1 4
                    all    | a lock           | 'a', 'lock', NULL, 'todo'                   | none
                    queues | a lock           | 'a', 'lock', NULL, 'todo'                   | none
                    all    | another's lock   | 'b', 'lock', NULL, 'todo'                   | none
                    queues | another's lock   | 'b', 'lock', NULL, 'todo'                   | 3 1 4
                    all    | a running lock   | 'a', 'lock', NULL, 'doing'                  | 2 3 1
                    queues | a running lock   | 'a', 'lock', NULL, 'doing'                  | 3 1 4
                    all    | due              | 'a', NULL, now() - interval '1 day', 'todo' | none
                    queues | due              | 'a', NULL, now() - interval '1 day', 'todo' | none
                    all    | another's due    | 'b', NULL, now() - interval '1 day', 'todo' | none
                    queues | another's due    | 'b', NULL, now() - interval '1 day', 'todo' | 3 1 4
                    all    | scheduled ahead  | 'a', NULL, now() + interval '1 day', 'todo' | 2 3 1
                    queues | scheduled ahead  | 'a', NULL, now() + interval '1 day', 'todo' | 3 1 4
                    """)
    void takesTheBestRankedFreeJobsWhereThereAreNoOthers(String kind, String beside, String job, String taken)
            throws SQLException {
        if (!job.equals("NULL")) {
            database.run("INSERT INTO procrastinate_jobs (task_name, queue_name, lock, scheduled_at, status)"
                    + " SELECT 'other', q, l, s::timestamptz, t::procrastinate_job_status FROM (VALUES (" + job
                    + ")) AS v(q, l, s, t)");
        }
        boolean all = kind.equals("all");
        database.run("PREPARE fetching AS "
                + QUERIES.query("fetch_free_jobs_" + kind).numbered().sql());

        assertThat(database.rows("EXECUTE fetching (" + (all ? "" : "'{a}', ") + "3, 1)"))
                .as("taken of %s beside %s", kind, beside)
                .extracting(FreeFetchTest::idAndAllFree)
                .containsExactly(
                        taken.equals("none")
                                ? new String[] {"null f"}
                                : (taken + " ").replace(" ", " t,").split(",", 0));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
                    all    |
                    queues | '{a}',
                    """)
    void tellsThatNothingIsThereAtAll(String kind, @Nullable String queues) throws SQLException {
        database.run("UPDATE procrastinate_jobs SET status = 'cancelled'");
        database.run("PREPARE fetching AS "
                + QUERIES.query("fetch_free_jobs_" + kind).numbered().sql());

        assertThat(database.rows("EXECUTE fetching (" + (queues == null ? "" : queues) + "3, 1)"))
                .extracting(FreeFetchTest::idAndAllFree)
                .containsExactly("null t");
    }

    private static String idAndAllFree(String row) {
        return row.substring(0, row.indexOf('|')) + " " + row.substring(row.lastIndexOf('|') + 1);
    }
}
