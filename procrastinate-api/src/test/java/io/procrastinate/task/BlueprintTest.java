package io.procrastinate.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.exception.InvalidJobException;
import io.procrastinate.exception.TaskAlreadyRegisteredException;
import io.procrastinate.exception.TaskNotFoundException;
import io.procrastinate.exception.UnboundTaskException;
import io.procrastinate.retry.RetryStrategy;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class BlueprintTest {

    private final Blueprint blueprint = new Blueprint();
    private final TaskRegistry registry = Unconnected.registry();

    @Test
    void givesATaskItsOptions() {
        RetryStrategy strategy = RetryStrategy.times(3);

        Task<String> task = registry.task("t", String.class)
                .aliases("a", "b")
                .queue("q")
                .priority(-7)
                .lock("l")
                .queueingLock("ql")
                .retry(strategy)
                .run(args -> {});

        assertThat(task.name()).isEqualTo("t");
        assertThat(task.aliases()).containsExactly("a", "b");
        assertThat(task.queue()).isEqualTo("q");
        assertThat(task.priority()).isEqualTo(-7);
        assertThat(task.lock()).isEqualTo("l");
        assertThat(task.queueingLock()).isEqualTo("ql");
        assertThat(task.retryStrategy()).isSameAs(strategy);
        assertThat(task).hasToString("Task[t]");
    }

    @Test
    void hasDefaults() {
        Task<Map<String, @Nullable Object>> task = declare(registry, "t");

        assertThat(task.queue()).isEqualTo("default");
        assertThat(task.priority()).isZero();
        assertThat(task.lock()).isNull();
        assertThat(task.queueingLock()).isNull();
        assertThat(task.aliases()).isEmpty();
    }

    @Test
    void findsATaskByNameAndAlias() {
        Task<?> task = registry.task("t").aliases("a").run(args -> {});

        assertThat(registry.named("t")).containsSame(task);
        assertThat(registry.named("a")).containsSame(task);
        assertThat(registry.named("b")).isEmpty();
        assertThat(registry.all()).singleElement().isSameAs(task);
    }

    @Test
    void refusesANameOrAliasTwice() {
        registry.task("t").aliases("a").run(args -> {});

        assertThatThrownBy(() -> declare(registry, "t"))
                .isInstanceOf(TaskAlreadyRegisteredException.class)
                .hasMessage("A task named t was already registered");
        assertThatThrownBy(() -> declare(registry, "a")).isInstanceOf(TaskAlreadyRegisteredException.class);
        assertThatThrownBy(() -> registry.task("b").aliases("t").run(args -> {}))
                .isInstanceOf(TaskAlreadyRegisteredException.class);
        assertThatThrownBy(() -> registry.task("b").aliases("c", "c").run(args -> {}))
                .isInstanceOf(TaskAlreadyRegisteredException.class);
        assertThat(registry.all()).hasSize(1);
        assertThat(registry.named("b")).isEmpty();
        assertThat(registry.named("c")).isEmpty();
    }

    @Test
    void refusesATaskOfAQueueThatIsTooLong() {
        TaskBuilder<?> task = registry.task("t").queue("x".repeat(41));

        assertThatThrownBy(() -> task.run(args -> {})).isInstanceOf(InvalidJobException.class);
        assertThat(registry.all()).isEmpty();
    }

    @Test
    void putsTheTasksOfABlueprintBelowANamespace() {
        Task<?> task = blueprint.task("t").aliases("a").run(args -> {});

        registry.addTasksFrom(blueprint, "ns");

        assertThat(task.name()).isEqualTo("ns:t");
        assertThat(task.aliases()).containsExactly("ns:a");
        assertThat(registry.named("ns:t")).containsSame(task);
        assertThat(registry.named("ns:a")).containsSame(task);
        assertThat(registry.named("t")).isEmpty();
    }

    @Test
    void nestsNamespaces() {
        Task<?> task = declare(blueprint, "t");
        Blueprint outer = new Blueprint();
        outer.addTasksFrom(blueprint, "inner");

        registry.addTasksFrom(outer, "outer");

        assertThat(task.name()).isEqualTo("outer:inner:t");
        assertThat(registry.named("outer:inner:t")).containsSame(task);
    }

    @Test
    void givesATaskAFurtherName() {
        Task<?> task = declare(registry, "t");
        Task<?> other = declare(registry, "u");

        registry.addAlias(task, "old");

        assertThat(registry.named("old")).containsSame(task);
        assertThat(task.aliases()).containsExactly("old");
        assertThatThrownBy(() -> registry.addAlias(other, "old"))
                .isInstanceOf(TaskAlreadyRegisteredException.class)
                .hasMessage("A task named old was already registered");
        assertThatThrownBy(() -> registry.addAlias(declare(blueprint, "v"), "w"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not registered here");
    }

    @Test
    void refusesTheTasksOfABlueprintThatAnAppHas() {
        Task<?> task = declare(blueprint, "t");
        registry.addTasksFrom(blueprint, "ns");

        assertThatThrownBy(() -> new Blueprint().addTasksFrom(blueprint, "other"))
                .isInstanceOf(TaskAlreadyRegisteredException.class)
                .hasMessageContaining("already belongs to an app");
        assertThat(task.name()).isEqualTo("ns:t");
    }

    @Test
    void refusesANamespaceTwice() {
        declare(blueprint, "t");
        Blueprint other = new Blueprint();
        Task<?> task = declare(other, "u");
        registry.addTasksFrom(blueprint, "ns");

        assertThatThrownBy(() -> registry.addTasksFrom(other, "ns"))
                .isInstanceOf(TaskAlreadyRegisteredException.class)
                .hasMessage("A namespace named ns was already registered");
        assertThat(task.name()).isEqualTo("u");
    }

    @Test
    void refusesAScheduleWithoutAnIdOfItsOwn() {
        TaskBuilder<?> task = registry.task("t")
                .periodic("@daily")
                .periodic(Periodic.cron("@hourly").id("often"));

        assertThatThrownBy(() -> task.periodic("@weekly"))
                .isInstanceOf(TaskAlreadyRegisteredException.class)
                .hasMessageContaining("same periodic id ''");
        assertThatThrownBy(() -> task.periodic(Periodic.cron("@weekly").id("often")))
                .isInstanceOf(TaskAlreadyRegisteredException.class)
                .hasMessageContaining("same periodic id 'often' (t)");
    }

    @Test
    void refusesLocksThatCannotBeStored() {
        Periodic daily = Periodic.cron("@daily");

        assertThatThrownBy(() -> blueprint.task("t").lock("a\0b").run(args -> {}))
                .isInstanceOf(InvalidJobException.class)
                .hasMessageContaining("The lock holds a NUL character");
        assertThatThrownBy(() -> blueprint.task("t").queueingLock("a\0b").run(args -> {}))
                .isInstanceOf(InvalidJobException.class)
                .hasMessageContaining("The queueing lock holds");
        assertThatThrownBy(() -> daily.lock("a\0b")).isInstanceOf(InvalidJobException.class);
        assertThatThrownBy(() -> daily.queueingLock("a\0b")).isInstanceOf(InvalidJobException.class);
        assertThatThrownBy(() -> daily.id("a\0b"))
                .isInstanceOf(InvalidJobException.class)
                .hasMessageContaining("The periodic id holds");
    }

    @Test
    void refusesAScheduleWhoseJobsCouldNotBeStored() {
        Map<String, @Nullable Object> args = Map.of("x", Double.NaN);
        Periodic poison = Periodic.cron("@daily").args(args);

        assertThatThrownBy(() -> registry.task("t").periodic(poison).run(ignored -> {}))
                .isInstanceOf(InvalidJobException.class);
        assertThat(registry.named("t")).isEmpty();

        Task<?> declared = blueprint.task("t").periodic(poison).run(ignored -> {});
        assertThatThrownBy(() -> registry.addTasksFrom(blueprint, "ns")).isInstanceOf(InvalidJobException.class);
        assertThat(declared.name()).isEqualTo("t");
        assertThat(registry.named("ns:t")).isEmpty();

        Blueprint other = new Blueprint();
        other.task("t").periodic("@daily").run(ignored -> {});
        assertThatThrownBy(() -> registry.addTasksFrom(other, "n".repeat(127)))
                .isInstanceOf(InvalidJobException.class)
                .hasMessageContaining("1 to 128 characters, it has 129");
    }

    @Test
    void addsNothingOfABlueprintThatClashes() {
        declare(registry, "ns:b");
        Task<?> first = declare(blueprint, "a");
        Task<?> second = declare(blueprint, "b");

        assertThatThrownBy(() -> registry.addTasksFrom(blueprint, "ns"))
                .isInstanceOf(TaskAlreadyRegisteredException.class)
                .hasMessageContaining("ns:b");

        assertThat(first.name()).isEqualTo("a");
        assertThat(second.name()).isEqualTo("b");
        assertThat(registry.named("ns:a")).isEmpty();
        assertThatThrownBy(() -> first.configure()).isInstanceOf(UnboundTaskException.class);
        registry.addTasksFrom(blueprint, "free");
        assertThat(registry.named("free:a")).containsSame(first);
    }

    @Test
    void cannotDeferBeforeItsTasksAreAdded() {
        Task<Map<String, @Nullable Object>> task = declare(blueprint, "t");

        assertThatThrownBy(() -> task.defer(Map.of()))
                .isInstanceOf(UnboundTaskException.class)
                .hasMessageContaining("The task t")
                .hasMessageContaining("app.addTasksFrom");
    }

    @Test
    void aliasesAddUp() {
        Task<?> task = registry.task("t").aliases("a").aliases("b", "c").run(args -> {});

        assertThat(task.aliases()).containsExactly("a", "b", "c");
        assertThat(registry.named("a")).isPresent();
    }

    @Test
    void namesTheTasksThereAreWhenOneIsMissing() {
        declare(registry, "t");

        assertThatThrownBy(() -> registry.configure("other"))
                .isInstanceOf(TaskNotFoundException.class)
                .hasMessage("No task named other is registered. Found: [t]. To defer to another program that has the"
                        + " task, use externalTask.");
        assertThat(registry.configure("t")).isNotNull();
    }

    private static Task<Map<String, @Nullable Object>> declare(Blueprint owner, String name) {
        return owner.task(name).run(args -> {});
    }
}
