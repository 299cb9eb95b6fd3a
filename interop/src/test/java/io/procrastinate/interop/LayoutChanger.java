package io.procrastinate.interop;

import io.procrastinate.App;
import io.procrastinate.connector.ConnectorSettings;
import java.time.Duration;

/** Changes the layout of the tables in a separate process, as the command does: {@code host port database to}. */
final class LayoutChanger {

    private LayoutChanger() {}

    public static void main(String... args) {
        ConnectorSettings settings = ConnectorSettings.builder()
                .host(args[0])
                .port(Integer.parseInt(args[1]))
                .user("postgres")
                .database(args[2])
                .sslMode("disable")
                .connectTimeout(Duration.ofMinutes(2))
                .statementTimeout(Duration.ofHours(1))
                .poolSize(2)
                .build();
        try (App app = App.create(settings).open()) {
            switch (args[3]) {
                case "optimized" -> app.schemaManager().optimize();
                case "original" -> app.schemaManager().deoptimize();
                default -> throw new IllegalArgumentException("There is no layout " + args[3]);
            }
        }
    }
}
