package io.procrastinate.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.exception.InvalidArgumentsException;
import io.procrastinate.exception.InvalidJobException;
import io.procrastinate.exception.TaskAlreadyRegisteredException;
import io.procrastinate.job.Job;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JacksonException;

@SuppressWarnings("unused") // methods are found by their annotations
class TaskMethodTest {

    private static final String PREFIX = "io.procrastinate.task.TaskMethodTest.Tasks.";

    private final TaskRegistry registry = Unconnected.registry();

    record Address(String street, int number) {}

    static final class Tasks {

        @ProcrastinateTask
        String add(int left, long right) {
            return left + "+" + right;
        }

        @ProcrastinateTask(
                name = "named",
                aliases = {"old", "older"},
                queue = "q",
                priority = 4,
                lock = "l",
                queueingLock = "ql",
                retries = 2)
        private String secret(@Argument("from address") Address from, @Nullable String note, List<BigDecimal> amounts) {
            return from.street() + from.number() + note + amounts;
        }

        @ProcrastinateTask
        String context(String text, JobContext context) {
            return text + context.job().id();
        }

        @ProcrastinateTask(retries = -1)
        static String standing() {
            return "static";
        }

        @ProcrastinateTask
        void failing(boolean error) throws IOException {
            if (error) {
                throw new AssertionError("error");
            }
            throw new IOException("checked");
        }

        void none() {}
    }

    private List<Task<Map<String, @Nullable Object>>> tasks = List.of();

    @BeforeEach
    void addTasks() {
        tasks = registry.addTasks(new Tasks());
    }

    @Test
    void takesEveryAnnotatedMethod() {
        assertThat(tasks)
                .extracting(Task::name)
                .containsExactly(PREFIX + "add", PREFIX + "context", PREFIX + "failing", "named", PREFIX + "standing");
    }

    @Test
    void readsTheOptionsOfTheAnnotation() {
        Task<?> named = task("named");

        assertThat(named.aliases()).containsExactly("old", "older");
        assertThat(named.queue()).isEqualTo("q");
        assertThat(named.priority()).isEqualTo(4);
        assertThat(named.lock()).isEqualTo("l");
        assertThat(named.queueingLock()).isEqualTo("ql");
        IllegalStateException failure = new IllegalStateException();
        assertThat(named.retryStrategy().decide(failure, job("{}", 1))).isNotNull();
        assertThat(named.retryStrategy().decide(failure, job("{}", 2))).isNull();
        assertThat(task(PREFIX + "standing").retryStrategy().decide(failure, job("{}", 99)))
                .isNotNull();
        Task<?> plain = task(PREFIX + "add");
        assertThat(plain.queue()).isEqualTo("default");
        assertThat(plain.lock()).isNull();
        assertThat(plain.queueingLock()).isNull();
        assertThat(plain.retryStrategy().decide(failure, job("{}", 0))).isNull();
    }

    @Test
    void givesArgumentsByName() throws Exception {
        assertThat(run(PREFIX + "add", "{\"right\": 9007199254740993, \"left\": 1}"))
                .isEqualTo("1+9007199254740993");
        assertThat(run(
                        "named",
                        "{\"amounts\": [1.10, 2], \"note\": null,"
                                + " \"from address\": {\"street\": \"s\", \"number\": 5}}"))
                .isEqualTo("s5null[1.10, 2]");
        assertThat(run(PREFIX + "standing", "{}")).isEqualTo("static");
    }

    @Test
    void givesTheContext() throws Exception {
        assertThat(run(PREFIX + "context", "{\"text\": \"job \"}")).isEqualTo("job 7");
    }

    @Test
    void refusesArgumentsThatAreMissingNullUnknownOrOfAnotherType() {
        assertRefused(PREFIX + "add", "{\"left\": 1}", "right is missing");
        assertRefused(PREFIX + "add", "{\"left\": 1, \"right\": null}", "right is null");
        assertRefused("named", "{\"note\": null, \"amounts\": []}", "from address is missing");
        assertRefused(
                PREFIX + "add", "{\"left\": 1, \"right\": 2, \"more\": 3}", "no parameters for the arguments [more]");
        assertRefused(PREFIX + "add", "{\"left\": 1.5, \"right\": 2}", "left does not fit");
        assertRefused(PREFIX + "add", "{\"left\": 3000000000, \"right\": 2}", "left does not fit");
        assertRefused(PREFIX + "context", "{\"text\": \"x\", \"context\": 1}", "[context]");
        assertRefused(PREFIX + "add", "[]", "do not fit the task " + PREFIX + "add");
        assertRefused(PREFIX + "add", "null", "They are null");
    }

    @Test
    void throwsWhatTheMethodThrows() {
        assertThatThrownBy(() -> run(PREFIX + "failing", "{\"error\": false}"))
                .isInstanceOf(IOException.class)
                .hasMessage("checked");
        assertThatThrownBy(() -> run(PREFIX + "failing", "{\"error\": true}"))
                .isInstanceOf(AssertionError.class)
                .hasMessage("error");
    }

    @Test
    void refusesAnObjectWithoutTasks() {
        assertThatThrownBy(() -> registry.addTasks("text"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("java.lang.String has no method annotated with @ProcrastinateTask");
    }

    @Test
    void takesAnImplementationOfAGenericInterfaceOnce() throws Exception {
        List<String> seen = new ArrayList<>();
        class Listener implements Consumer<String> {
            @Override
            @ProcrastinateTask
            public void accept(String text) {
                seen.add(text);
            }
        }

        List<Task<Map<String, @Nullable Object>>> added = registry.addTasks(new Listener());

        assertThat(added).hasSize(1);
        Task<?> task = added.get(0);
        assertThat(task.name()).isEqualTo(Listener.class.getName() + ".accept");
        assertThat(run(task.name(), "{\"text\": \"heard\"}")).isNull();
        assertThat(seen).containsExactly("heard");
    }

    @Test
    void takesTheMethodsOfAClassBehindASubclassThatAFrameworkMade() throws Exception {
        class Greeter {
            @ProcrastinateTask
            String greet(String name) {
                return "Hello " + name;
            }
        }
        class Subclass extends Greeter {
            @Override
            String greet(String name) {
                return "in a transaction: " + super.greet(name);
            }
        }

        registry.addTasks(new Subclass());

        assertThat(run(Greeter.class.getName() + ".greet", "{\"name\": \"Ada\"}"))
                .isEqualTo("in a transaction: Hello Ada");
    }

    /** As a framework's proxy of interfaces. */
    private static <T> T jdkProxy(Class<T> type, Object behind) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (proxy, method, args) -> method.invoke(behind, args)));
    }

    interface Plain {
        String greet(String name);
    }

    interface Annotated {
        @ProcrastinateTask(name = "annotated.greet")
        String greet(String name);

        @ProcrastinateTask(name = "annotated.leave")
        default String leave(String name) {
            return "Bye " + name;
        }
    }

    @Test
    void saysThatAnObjectIsAProxyOfInterfacesAndWhatToDo() {
        class Greeter implements Plain {
            @Override
            @ProcrastinateTask
            public String greet(String name) {
                return "Hello " + name;
            }
        }

        assertThatThrownBy(() -> registry.addTasks(jdkProxy(Plain.class, new Greeter())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is a proxy")
                .hasMessageContaining(Plain.class.getName())
                .hasMessageContaining("proxyTargetClass = true")
                .hasMessageContaining("Annotate the interface");
    }

    @Test
    void takesTheAnnotatedMethodsOfInterfacesThroughAProxyToo() throws Exception {
        class Greeter implements Annotated {
            @Override
            public String greet(String name) {
                return "Hello " + name;
            }
        }

        registry.addTasks(jdkProxy(Annotated.class, new Greeter()));

        assertThat(run("annotated.greet", "{\"name\": \"Ada\"}")).isEqualTo("Hello Ada");
        assertThat(run("annotated.leave", "{\"name\": \"Ada\"}")).isEqualTo("Bye Ada");
    }

    @Test
    void takesTheMethodsOfAbstractClassesRecordsAndAnonymousClasses() throws Exception {
        abstract class Base {
            @ProcrastinateTask(name = "base")
            abstract String work(String name);
        }
        record Greeting(String word) {
            @ProcrastinateTask(name = "record")
            String greet(String name) {
                return word + " " + name;
            }
        }

        registry.addTasks(new Base() {
            @Override
            String work(String name) {
                return "work of " + name;
            }
        });
        registry.addTasks(new Greeting("Hi"));

        assertThat(run("base", "{\"name\": \"Ada\"}")).isEqualTo("work of Ada");
        assertThat(run("record", "{\"name\": \"Ada\"}")).isEqualTo("Hi Ada");
    }

    @Test
    void refusesTwoMethodsOfOneNameUntilTheyAreNamed() {
        class Overloaded {
            @ProcrastinateTask
            void send(String to) {}

            @ProcrastinateTask
            void send(String to, int copies) {}
        }

        assertThatThrownBy(() -> registry.addTasks(new Overloaded()))
                .isInstanceOf(TaskAlreadyRegisteredException.class)
                .hasMessageContaining(".send");
    }

    @Test
    void saysThatAClassIsNotAnObject() {
        assertThatThrownBy(() -> registry.addTasks(Tasks.class))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(Tasks.class.getName() + " itself: give it an object of the class");
    }

    @Test
    void aScheduledMethodNeedsNoParameterForTheTime() throws Exception {
        class Ticks {
            @ProcrastinateTask(name = "tick", cron = "@daily")
            String tick() {
                return "ticked";
            }

            @ProcrastinateTask(name = "tock", cron = "@daily")
            String tock(long timestamp) {
                return "tocked at " + timestamp;
            }
        }
        registry.addTasks(new Ticks());
        registry.task("typed", Day.class)
                .periodic(Periodic.cron("@daily").args(Map.of("name", "today")))
                .call(Day::name);

        assertThat(run("tick", "{\"timestamp\": 1}")).isEqualTo("ticked");
        assertThat(run("tock", "{\"timestamp\": 1}")).isEqualTo("tocked at 1");
        assertThat(run("typed", "{\"timestamp\": 1, \"name\": \"today\"}")).isEqualTo("today");
        assertRefused("tick", "{\"timestamp\": 1, \"more\": 2}", "no parameters for the arguments [more]");
        assertRefused("typed", "{\"timestamp\": 1, \"name\": \"today\", \"more\": 2}", "do not fit the task typed");
        assertRefused(PREFIX + "standing", "{\"timestamp\": 1}", "no parameters for the arguments [timestamp]");
    }

    @Test
    void refusesAScheduleWhoseJobsWouldNotFit() {
        class Ticks {
            @ProcrastinateTask(name = "tick", cron = "@daily")
            void tick(String name) {}
        }

        assertThatThrownBy(() -> registry.addTasks(new Ticks()))
                .isInstanceOf(InvalidJobException.class)
                .hasMessageContaining("The argument name is missing, found are [timestamp]");
        assertThatThrownBy(() -> registry.task("typed", Day.class)
                        .periodic(Periodic.cron("@daily").args(Map.of("x", 1)))
                        .run(day -> {}))
                .isInstanceOf(InvalidJobException.class)
                .hasMessageContaining("do not fit the task typed");
        assertThat(registry.named("tick")).isEmpty();
        assertThat(registry.named("typed")).isEmpty();
    }

    record Day(String name) {}

    @Test
    void readsTheArgumentOfATypedTask() throws Exception {
        registry.task("typed", Address.class).call(Address::street);

        assertThat(run("typed", "{\"street\": \"s\", \"number\": 1}")).isEqualTo("s");
        for (String json : Stream.of("{\"street\": \"s\"}", "{\"street\": \"s\", \"number\": 1, \"x\": 1}", "[]")
                .toList()) {
            assertThatThrownBy(() -> run("typed", json))
                    .isInstanceOf(InvalidArgumentsException.class)
                    .hasMessageContaining("The arguments do not fit the task typed")
                    .hasRootCauseInstanceOf(JacksonException.class);
        }
    }

    private void assertRefused(String name, String args, String message) {
        assertThatThrownBy(() -> run(name, args))
                .isInstanceOf(InvalidArgumentsException.class)
                .hasMessageContaining(message);
    }

    private @Nullable Object run(String name, String args) throws Exception {
        Job job = job(args, 0);
        return task(name).run(new Unconnected.Context(job, registry), job);
    }

    private Task<?> task(String name) {
        return registry.named(name).orElseThrow();
    }

    private static Job job(String args, int attempts) {
        return Job.builder(7, "t")
                .queue("q")
                .args(args)
                .attempts(attempts)
                .workerId(1L)
                .build();
    }
}
