package io.procrastinate.json;

import io.procrastinate.App;
import io.procrastinate.job.NewJob;
import io.procrastinate.memory.InMemoryConnector;
import io.procrastinate.worker.JobResult;
import io.procrastinate.worker.WorkerOptions;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A process without Jackson, with a codec that knows one text. */
final class OwnCodecApp {

    private OwnCodecApp() {}

    public static void main(String... args) {
        System.out.println("Jackson 3 is " + presence("tools.jackson.databind.ObjectMapper"));
        System.out.println("Jackson 2 is " + presence("com.fasterxml.jackson.databind.ObjectMapper"));
        JsonCodec codec = new JsonCodec() {
            @Override
            public String write(@Nullable Object value, Type type) {
                return "{\"to\": \"Ada\"}";
            }

            @Override
            public Object read(String json, Type type) {
                return Map.of("to", "Ada");
            }
        };
        try (App app = App.builder()
                .connector(new InMemoryConnector())
                .jsonCodec(codec)
                .build()
                .open()) {
            app.task("mail").run(mail -> {});
            app.configureTask("mail").defer(Map.of("to", "Ada"));
            app.jobManager().batchDefer(List.of(NewJob.of("mail").header("k", "v")));
            app.jobManager().defer(NewJob.of("mail").args(codec.write(Map.of())).header("k", "v"));
            for (JobResult result : app.drain(WorkerOptions.defaults())) {
                System.out.println(result.job().callString().replaceAll("\\[.*?]", "") + " " + result.outcome() + " "
                        + result.job().headers());
            }
        }
    }

    private static String presence(String type) {
        try {
            Class.forName(type);
            return "present";
        } catch (ClassNotFoundException e) {
            return "absent";
        }
    }
}
