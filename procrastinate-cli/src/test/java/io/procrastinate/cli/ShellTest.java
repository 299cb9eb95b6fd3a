package io.procrastinate.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.procrastinate.App;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.job.NewJob;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jline.reader.Candidate;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.ParsedLine;
import org.jline.reader.impl.DefaultParser;
import org.jline.terminal.Terminal;
import org.jline.terminal.impl.DumbTerminal;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShellTest extends CommandTest {

    @BeforeEach
    void twoJobs() {
        environment.put("PROCRASTINATE_URL", url());
        printed("schema");
        printed("defer", "sum", "--unknown", "--queue", "my queue");
        printed("defer", "sum", "--unknown");
    }

    @Test
    void showsWhatHappenedToAJob() {
        printed("defer", "sum", "--unknown", "--at", "2031-01-01T00:00:00Z");
        printed("shell", "cancel", "3");

        assertThat(printed("shell", "events", "3").lines().map(line -> line.replaceAll("^20.*:.* ", "")))
                .containsExactly("#3 sum on default - [cancelled]", "scheduled", "deferred", "cancelled");
    }

    @Test
    void showsTheHeadersOfAJob() {
        try (App app = App.create(ConnectorSettings.of(url())).open()) {
            app.jobManager().defer(NewJob.of("sum").header("tenant", "acme"));
        }

        assertThat(printed("shell", "events", "3")).contains("header tenant: acme");
    }

    @Test
    void readsCommandsFromAPipe() {
        InputStream before = System.in;
        System.setIn(
                bytes(
                        "list_jobs \"queue=my queue\"\n\nabort 1\ncancel 1\ndelete 2\nlist_jobs\nnonsense now\nexit\nlist_jobs\n"));
        try {
            forget();
            assertThat(run("shell")).isEqualTo(1);
        } finally {
            System.setIn(before);
        }
        assertThat(out()).isEqualTo("""
                        Welcome to the procrastinate shell.   Type help or ? to list commands.

                        procrastinate> #1 sum on my queue - [todo]
                        procrastinate> procrastinate> #1 sum on my queue - [cancelled]
                        procrastinate> #1 sum on my queue - [cancelled]
                        procrastinate> #2 deleted
                        procrastinate> #1 sum on my queue - [cancelled]
                        procrastinate> *** Unknown syntax: nonsense now
                        procrastinate>\s""");
        assertThat(err()).contains("Cannot cancel job 1: it is cancelled").doesNotContain("\tat ");
    }

    @Test
    void showsTextOfOthersOnOneLine() {
        String odd = "x\nERROR\u001b[2J\u202e";
        try (App app = App.builder().url(url()).build().open()) {
            app.externalTask(odd).queue("q\n\u2028").lock(odd).defer(Map.of("a\n", "\n"));
        }
        forget();

        assertThat(run("shell", "list_jobs details", "list_queues", "list_tasks", "list_locks"))
                .isZero();
        assertThat(run("status")).isZero();
        assertThat(run("status", "--json")).isZero();

        assertThat(out())
                .contains("x\\nERROR\\u001b[2J\\u202e on q\\n\\u2028")
                .doesNotContain("\u001b[2J", "\u2028", "\u202e");
        assertThat(out().lines()).noneMatch(line -> line.startsWith("ERROR"));
    }

    @Test
    void asksOnATerminalAndRemembers(@TempDir Path folder) throws IOException {
        Path history = folder.resolve("history");
        ByteArrayOutputStream screen = new ByteArrayOutputStream();
        try (App app = App.builder().url(url()).build().open();
                Terminal terminal = new DumbTerminal(
                        "test", "dumb", bytes("list_queues\nnonsense\nexit\n"), screen, StandardCharsets.UTF_8)) {
            PrintWriter out = new PrintWriter(screen, true, StandardCharsets.UTF_8);
            ShellCommand.readTerminal(terminal, new ShellCommands(app.jobManager(), out, out), out, history);
        }
        assertThat(screen.toString(StandardCharsets.UTF_8))
                .startsWith("Welcome to the procrastinate shell.   Type help or ? to list commands.\n\n")
                .contains("procrastinate> ")
                .contains("my queue: 1 jobs (todo: 1, ")
                .contains("*** Unknown syntax: nonsense");
        assertThat(history).content().contains("list_queues", "nonsense");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "list_jobs status=nope   | is not a status: use one of [todo, doing",
                "list_jobs status=unknown | is not a status: use one of [todo, doing",
                "list_jobs id=x          | is not an id, which is a number",
                "list_jobs who=me        | Unknown filter 'who=me'",
                "list_jobs who           | of the form name=value",
                "list_queues id=1        | Unknown filter 'id=1': use one of [queue, task, status, lock]",
                "list_locks worker_id=1  | Unknown filter 'worker_id=1'",
                "list_tasks queueing_lock=x | Unknown filter 'queueing_lock=x'",
                "retry                   | takes the id of one job",
                "retry 1                 | Job was not found or has an invalid status to retry (job id: 1): it is todo",
                "retry 99                | No job has the id 99",
                "cancel 99               | 99",
                "delete 99               | Cannot delete job 99",
                "list_jobs 'queue=open   | A quotation mark is not closed",
            })
    void aBadCommandSaysWhatIsWrong(String line, String message) {
        PrintWriter out = new PrintWriter(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        try (App app = App.builder().url(url()).build().open()) {
            ShellCommands shell =
                    new ShellCommands(app.jobManager(), out, new PrintWriter(err, true, StandardCharsets.UTF_8));
            assertThat(shell.run(line)).isFalse();
            assertThat(shell.hasEnded()).isFalse();
        }
        assertThat(err.toString(StandardCharsets.UTF_8)).contains(message).doesNotContain("\tat ");
    }

    @Test
    void runsSeveralCommandsThatAreArguments() {
        assertThat(printed("shell", "list_jobs id=1", "cancel 1"))
                .isEqualTo("#1 sum on my queue - [todo]\n#1 sum on my queue - [cancelled]\n");
        assertThat(run("shell", "retry 99", "list_queues")).isEqualTo(1);
    }

    @Test
    void explainsItsCommands() {
        assertThat(printed("shell", "help")).startsWith("""

                        Documented commands (type help <topic>):
                        ========================================
                        EOF  cancel  exit  help  list_jobs  list_locks  list_queues  list_tasks  retry

                        """).contains("abort  delete");
        assertThat(printed("shell", "help", "retry")).contains("Usage: retry JOB_ID", "Example: retry 2");
        assertThat(printed("shell", "help", "nope")).isEqualTo("*** No help on nope\n");
        assertThat(piped("?cancel\n? nope\n")).contains("Usage: cancel JOB_ID", "*** No help on nope\n");
    }

    @Test
    void endsWithThePromptWhereItsInputEnds() {
        assertThat(piped("list_jobs id=1")).isEqualTo("""
                        Welcome to the procrastinate shell.   Type help or ? to list commands.

                        procrastinate> #1 sum on my queue - [todo]
                        procrastinate>\s""");
    }

    @Test
    void doesNothingMoreOnceNobodyReadsWhatItPrints() {
        InputStream before = System.in;
        System.setIn(bytes("cancel 1\n"));
        try {
            PrintWriter closed = new PrintWriter(Writer.nullWriter()) {
                @Override
                public boolean checkError() {
                    return true;
                }
            };
            assertThat(command().setOut(closed).execute("shell")).isEqualTo(1);
        } finally {
            System.setIn(before);
        }
        assertThat(value("SELECT status FROM procrastinate_jobs WHERE id = 1")).isEqualTo("todo");
    }

    @Test
    void theDetailsOfAJobReadAsInPython() throws SQLException {
        sql(
                "UPDATE procrastinate_jobs SET lock = 'o''brien', worker_id = NULL, scheduled_at = '2030-01-01 00:00:00.5+00',"
                        + " args = '{\"a\": \"x\", \"b\": null, \"c\": true, \"d\": 1.50, \"e\": [\"it''s\"]}' WHERE id = 2");

        assertThat(piped("list_jobs lock=o'brien details=yes\n"))
                .contains("#2 sum on default - [todo] (attempts=0, priority=0, scheduled_at=2030-01-01"
                        + " 00:00:00.500000+00:00, args={'a': 'x', 'b': None, 'c': True, 'd': 1.5, 'e': [\"it's\"]},"
                        + " lock=o'brien)\n");
        assertThat(printed("shell", "list_jobs", "worker_id=3")).isEmpty();
    }

    /** Runs the shell with lines from a pipe, which must succeed, and returns its output. */
    private String piped(String lines) {
        InputStream before = System.in;
        System.setIn(bytes(lines));
        try {
            return printed("shell");
        } finally {
            System.setIn(before);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "li                     | list_jobs",
                "list_queues st         | status=",
                "list_jobs status=      | status=failed",
                "list_jobs queue=q de   | details",
                "help re                | retry",
            })
    void completesWhatCanFollow(String line, String candidate) {
        assertThat(candidates(line)).contains(candidate);
        assertThat(candidates("retry 1")).isEmpty();
    }

    @Test
    void aLineIsWordsAndQuotedBlanksStay() {
        assertThat(Words.of(" a  b='c d' \"e f\"g ")).containsExactly("a", "b=c d", "e fg");
        assertThat(Words.of("lock=o'brien 'a b' c='d' it's= x=y=z e=''"))
                .containsExactly("lock=o'brien", "a b", "c=d", "it's=", "x=y=z", "e=");
        assertThat(Words.of("  ")).isEmpty();
        assertThatIllegalArgumentException().isThrownBy(() -> Words.of("a \"b"));
        assertThatIllegalArgumentException().isThrownBy(() -> Words.of("a='b c"));
    }

    private static List<String> candidates(String text) {
        LineReader reader = LineReaderBuilder.builder().build();
        ParsedLine line = new DefaultParser().parse(text, text.length());
        List<Candidate> candidates = new ArrayList<>();
        new ShellCompleter().complete(reader, line, candidates);
        return candidates.stream().map(Candidate::value).toList();
    }

    private static InputStream bytes(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }
}
