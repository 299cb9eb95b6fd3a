package io.procrastinate.cli;

import io.procrastinate.App;
import io.procrastinate.json.JsonCodec;
import io.procrastinate.monitor.Finding;
import io.procrastinate.text.Printable;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Examines the database. */
@Command(
        name = "doctor",
        description =
                "Check the connection, the schema, notifications, clocks, stalled jobs and dead rows, and say what to"
                        + " do. Exits 1 when something does not work.")
final class DoctorCommand implements Callable<Integer> {

    @ParentCommand
    @Nullable
    Procrastinate root;

    @Spec
    @Nullable
    CommandSpec spec;

    @Option(names = "--json", fallbackValue = "true", description = "Print JSON.")
    boolean json;

    @Override
    public Integer call() {
        PrintWriter out = Procrastinate.out(Objects.requireNonNull(spec));
        List<Finding> findings;
        try (App app = Objects.requireNonNull(root).appOrDatabase()) {
            findings = app.examine();
        }
        if (json) {
            // JSON has the same escapes, so this is still JSON.
            out.println(Printable.text(JsonCodec.standard()
                    .write(findings.stream().map(DoctorCommand::map).toList())));
        } else {
            findings.forEach(finding -> out.printf(
                    "%s %-18s %s%n",
                    Ansi.AUTO.string(coloured(finding)),
                    finding.code().replace('-', ' '),
                    Printable.lines(finding.text())));
        }
        out.flush();
        return findings.stream().anyMatch(finding -> finding.severity() == Finding.Severity.FAIL) ? 1 : 0;
    }

    private static Map<String, String> map(Finding finding) {
        Map<String, String> fields = new LinkedHashMap<>(); // the same order every time
        fields.put("code", finding.code());
        fields.put("severity", finding.severity().name().toLowerCase(Locale.ROOT));
        fields.put("text", finding.text());
        return fields;
    }

    private static String coloured(Finding finding) {
        return switch (finding.severity()) {
            case OK -> "@|green OK  |@";
            case WARN -> "@|yellow WARN|@";
            case FAIL -> "@|red FAIL|@";
        };
    }
}
