package io.procrastinate.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.procrastinate.App;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.BulkDeferException;
import io.procrastinate.exception.InvalidJobException;
import io.procrastinate.exception.TaskNotFoundException;
import io.procrastinate.job.Job;
import io.procrastinate.memory.InMemoryConnector;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A task that this program has is checked when it is deferred, and what another one has is declared so. */
class KnownTaskTest {

    private final InMemoryConnector connector = new InMemoryConnector();
    private final App app = App.builder().connector(connector).build();

    record Mail(String to, int copies) {}

    @SuppressWarnings("unused") // found by its annotation
    static final class Orders {
        @ProcrastinateTask(name = "order.confirm", aliases = "confirm")
        void confirm(long order) {}
    }

    @BeforeEach
    void open() {
        Stages.join(app.openAsync());
        app.addTasks(new Orders());
        app.task("mail", Mail.class).queue("mails").run(mail -> {});
        app.task("any").run(args -> {});
        Blueprint blueprint = new Blueprint();
        blueprint.task("mail", Mail.class).aliases("post").run(mail -> {});
        app.addTasksFrom(blueprint, "ns");
    }

    @AfterEach
    void close() {
        app.close();
    }

    @Test
    void refusesANameThatNoTaskHas() {
        assertThatThrownBy(() -> app.configureTask("order.confrim"))
                .isInstanceOf(TaskNotFoundException.class)
                .hasMessageContaining("No task named order.confrim")
                .hasMessageContaining("order.confirm")
                .hasMessageContaining("externalTask");
        assertThatThrownBy(() -> app.tasks().configure("a\nb"))
                .isInstanceOf(TaskNotFoundException.class)
                .hasMessageContaining("a\\nb");
    }

    @Test
    void knowsAliasesAndNamespaces() {
        for (String name : List.of("order.confirm", "confirm")) {
            app.configureTask(name).defer(Map.of("order", 1));
        }
        for (String name : List.of("ns:mail", "ns:post")) {
            app.configureTask(name).defer(Map.of("to", "a", "copies", 1));
        }

        assertThat(connector.jobs())
                .extracting(Job::taskName)
                .containsExactly("order.confirm", "order.confirm", "ns:mail", "ns:mail");
    }

    @Test
    void refusesArgumentsThatAMethodDoesNotTake() {
        refused("order.confirm", Map.of("orderId", 1), "The argument order is missing, found are [orderId]");
        refused("confirm", Map.of("order", 1, "more", 2), "no parameters for the arguments [more]");
        refused("order.confirm", Map.of("order", "one"), "The argument order does not fit");
        refused("order.confirm", Map.of(), "The argument order is missing");
    }

    @Test
    void refusesArgumentsThatARecordDoesNotTake() {
        refused("mail", Map.of("to", "a"), "copies");
        refused("mail", Map.of("to", "a", "copies", 1, "more", 2), "more");
        refused("ns:mail", Map.of("to", "a", "copies", "many"), "many");
    }

    @Test
    void aTaskOfAMapTakesAny() {
        app.configureTask("any").defer(Map.of("what", "ever"));

        assertThat(connector.jobs()).hasSize(1);
    }

    @Test
    void aTaskOfAnotherProgramIsNotChecked() {
        app.externalTask("billing.close_month").queue("billing").defer(Map.of("month", "2026-01"));
        app.tasks().external("billing.mail", Mail.class).defer(new Mail("a", 1));
        app.externalTask("mail").defer(Map.of("to", "a", "copies", 1));

        assertThat(connector.jobs())
                .extracting(Job::taskName, Job::queue)
                .containsExactly(
                        tuple("billing.close_month", "billing"),
                        tuple("billing.mail", "default"),
                        tuple("mail", "mails"));
        assertThatThrownBy(() -> app.externalTask("mail").defer(Map.of()))
                .as("one that is known all the same")
                .isInstanceOf(InvalidJobException.class);
    }

    private void refused(String task, Map<String, @Nullable Object> args, String reason) {
        JobDeferrer<Map<String, @Nullable Object>> deferrer = app.configureTask(task);
        List<Runnable> ways = List.of(
                () -> deferrer.defer(args),
                () -> Stages.join(deferrer.deferAsync(args)),
                () -> deferrer.batchDefer(List.of(args)),
                () -> Stages.join(deferrer.batchDeferAsync(List.of(args))),
                () -> deferrer.deferOrFind(args),
                () -> deferrer.deferUnlessWaiting(args),
                () -> deferrer.job(args));
        ways.forEach(way -> assertThatThrownBy(way::run)
                .isInstanceOf(InvalidJobException.class)
                .hasMessageContaining(reason));
        assertThatExceptionOfType(BulkDeferException.class)
                .isThrownBy(() -> deferrer.deferAll(List.of(args).iterator(), progress -> {}))
                .withCauseInstanceOf(InvalidJobException.class);
        assertThat(connector.jobs()).isEmpty();
    }
}
