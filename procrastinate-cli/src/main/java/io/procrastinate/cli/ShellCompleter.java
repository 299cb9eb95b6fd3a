package io.procrastinate.cli;

import java.util.List;
import java.util.stream.Stream;
import org.jline.reader.Candidate;
import org.jline.reader.Completer;
import org.jline.reader.LineReader;
import org.jline.reader.ParsedLine;

/** Completes commands, then their arguments. */
final class ShellCompleter implements Completer {

    private static final String STATUS = "status=";

    @Override
    public void complete(LineReader reader, ParsedLine line, List<Candidate> candidates) {
        Stream<String> words = line.wordIndex() == 0
                ? ShellHelp.names().stream()
                : arguments(line.words().get(0), line.word());
        // After "queue=" the value follows, without a blank.
        words.map(word -> new Candidate(word, word, null, null, null, null, !word.endsWith("=")))
                .forEach(candidates::add);
    }

    private static Stream<String> arguments(String command, String begun) {
        if (command.equals("help")) {
            return ShellHelp.names().stream();
        }
        if (!command.startsWith("list_")) {
            return Stream.empty();
        }
        if (begun.startsWith(STATUS)) {
            return ShellCommands.STATUSES.stream().map(status -> STATUS + status.text());
        }
        Stream<String> filters = Stream.of("queue=", "task=", STATUS, "lock=");
        return command.equals("list_jobs")
                ? Stream.concat(filters, Stream.of("id=", "queueing_lock=", "worker_id=", "details"))
                : filters;
    }
}
