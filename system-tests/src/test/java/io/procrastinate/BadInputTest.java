package io.procrastinate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.AppNotOpenException;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.ConnectorSelectionException;
import io.procrastinate.exception.InvalidJobException;
import io.procrastinate.exception.ProcrastinateException;
import io.procrastinate.exception.SchemaException;
import io.procrastinate.exception.TaskNotFoundException;
import io.procrastinate.fixture.AppDatabase;
import io.procrastinate.job.NewJob;
import io.procrastinate.task.JobDeferrer;
import io.procrastinate.tck.StartedThreads;
import io.procrastinate.tck.TcpProxy;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Each bad input causes one exception that says what was tried, what was found and what to do; nothing is inserted or
 * left open.
 */
class BadInputTest {

    @RegisterExtension
    final StartedThreads threads = new StartedThreads();

    private AppDatabase database;
    private App app;

    @BeforeEach
    void open() throws SQLException {
        database = AppDatabase.withSchema();
        app = App.create(database.settings());
        Stages.join(app.openAsync());
    }

    @AfterEach
    void nothingIsLeft() throws SQLException {
        assertThat(database.jobs()).isZero();
        app.close();
        await().untilAsserted(() -> assertThat(database.connections()).isZero());
        await().untilAsserted(() -> assertThat(threads.alive()).isEmpty());
        database.close();
    }

    @Test
    void aQueueNameOver40Bytes() {
        JobDeferrer<?> deferrer = app.externalTask("t");
        refused(
                InvalidJobException.class,
                () -> deferrer.queue("ü".repeat(21)),
                "42 bytes",
                "at most 40",
                "shorter name");
        refused(
                InvalidJobException.class,
                () -> app.task("t").queue("x".repeat(41)).run(args -> {}),
                "41 bytes",
                "shorter name");
    }

    @Test
    void anArgumentThatIsNoJsonObject() {
        var text = app.task("text", String.class).run(args -> {});
        var list = app.task("list", List.class).run(args -> {});
        refused(
                InvalidJobException.class,
                () -> text.defer("x"),
                "must be a JSON object",
                "Found a text",
                "Use a record");
        refused(InvalidJobException.class, () -> list.batchDefer(List.of(List.of())), "Found an array");
        refused(InvalidJobException.class, () -> Stages.join(text.deferAsync("x")), "Found a text");
        refused(InvalidJobException.class, () -> Stages.join(text.batchDeferAsync(List.of("x"))), "Found a text");
        refused(
                InvalidJobException.class,
                () -> app.jobManager().batchDefer(List.of(job("{}, \"task_name\": \"other\", \"x\": {}"))),
                "one whole JSON object",
                "something after the object",
                "Correct the JSON");
    }

    @Test
    void anObjectThatTheServerCannotRead() {
        refused(
                InvalidJobException.class,
                () -> app.jobManager().defer(job("{\"a\": }")),
                "is no JSON",
                "Correct the JSON");
        refused(
                InvalidJobException.class,
                () -> app.jobManager().batchDefer(List.of(job("{}"), job("{\"a\": }"))),
                "is no JSON");
    }

    @Test
    void anInstantOutsideTheYearsOneTo9999() {
        for (Instant instant : List.of(
                Instant.MAX,
                Instant.MIN,
                Instant.parse("0000-12-31T23:59:59Z"),
                Instant.parse("+10000-01-01T00:00:00Z"))) {
            refused(
                    InvalidJobException.class,
                    () -> app.externalTask("t").at(instant),
                    "The schedule " + instant,
                    "outside the years 1 to 9999",
                    "Choose an instant");
        }
    }

    @Test
    void aNulCharacterOrHalfASurrogatePair() {
        JobDeferrer<Map<String, @Nullable Object>> deferrer = app.externalTask("t");
        refused(InvalidJobException.class, () -> deferrer.defer(Map.of("a", "\0")), "NUL", "in JSON", "Remove it");
        refused(InvalidJobException.class, () -> deferrer.defer(Map.of("\0", 1)), "NUL");
        refused(InvalidJobException.class, () -> deferrer.defer(Map.of("a", "\ud800")), "surrogate", "Remove it");
        refused(InvalidJobException.class, () -> deferrer.lock("\0"), "The lock holds a NUL");
        refused(InvalidJobException.class, () -> deferrer.queueingLock("\ud800"), "The queueing lock holds half");
        refused(InvalidJobException.class, () -> deferrer.queue("\0"), "The queue name holds a NUL");
        refused(InvalidJobException.class, () -> app.externalTask("\0"), "The task name holds a NUL");
        refused(InvalidJobException.class, () -> deferrer.defer(Map.of("a", Double.NaN)), "NaN");
    }

    @Test
    void anUnknownTask() {
        app.task("known").run(args -> {});
        refused(
                TaskNotFoundException.class,
                () -> app.configureTask("unknown"),
                "No task named unknown",
                "Found:",
                "known");
        refused(InvalidJobException.class, () -> app.externalTask(""), "1 to 128 characters");
        refused(InvalidJobException.class, () -> app.externalTask("x".repeat(129)), "1 to 128 characters, it has 129");
    }

    @Test
    void aScheduleWithBothAtAndIn() {
        refused(
                InvalidJobException.class,
                () -> app.externalTask("t").at(Instant.EPOCH).in(Duration.ofSeconds(1)),
                "both at (1970-01-01T00:00:00Z) and in (PT1S)",
                "choose one");
    }

    @Test
    void deferOnAClosedApp() {
        var task = app.task("t").run(args -> {});
        app.close();
        refused(AppNotOpenException.class, () -> task.defer(Map.of()), "'pgjdbc' is not open", "Call app.open()");
        refused(AppNotOpenException.class, () -> task.batchDefer(List.of(Map.of())), "Call app.open()");
        refused(AppNotOpenException.class, () -> Stages.join(task.deferAsync(Map.of())), "Call app.openAsync()");
        refused(
                AppNotOpenException.class,
                () -> Stages.join(task.batchDeferAsync(List.of(Map.of()))),
                "Call app.openAsync()");
        refused(AppNotOpenException.class, () -> app.schemaManager().isApplied(), "is not open", "Call app.open()");
        App never = App.create(database.settings());
        refused(
                AppNotOpenException.class,
                () -> never.externalTask("t").defer(Map.of()),
                "'pgjdbc' is not open",
                "Call app.open()");
    }

    @Test
    void aDatabaseWithoutSchema() throws SQLException {
        try (AppDatabase empty = new AppDatabase();
                App other = App.create(empty.settings())) {
            Stages.join(other.openAsync());
            var task = other.task("t").run(args -> {});
            List<ThrowingCallable> calls = List.of(
                    () -> task.defer(Map.of()),
                    () -> task.batchDefer(List.of(Map.of())),
                    () -> Stages.join(task.deferAsync(Map.of())),
                    () -> Stages.join(task.batchDeferAsync(List.of(Map.of()))),
                    () -> other.jobManager().status(1),
                    () -> other.jobManager().cancel(1),
                    () -> other.worker(other.workerDefaults()),
                    other::runWorker);
            for (ThrowingCallable call : calls) {
                refused(
                        SchemaException.class,
                        call,
                        "no schema of Procrastinate on the connection's search path",
                        "app.schemaManager().apply()");
            }
            assertThat(empty.catalogue()).isEmpty();
        }
    }

    @Test
    void aWrongPassword() throws Exception {
        String user = "guarded_" + database.name();
        Path rules = Path.of(database.rows("SHOW hba_file").get(0));
        String before = Files.readString(rules, StandardCharsets.UTF_8);
        // Before 14 the default is md5, with which a login by SCRAM does not know the password.
        database.run("SET password_encryption = 'scram-sha-256'; CREATE ROLE " + user + " LOGIN PASSWORD 'right'");
        try {
            Files.writeString(rules, "host all " + user + " all scram-sha-256\n" + before, StandardCharsets.UTF_8);
            database.run("SELECT pg_reload_conf()");
            await().until(() -> !canLogIn(user, ""));
            ConnectorSettings settings = database.settings().toBuilder()
                    .user(user)
                    .password("wr0ng-s3cret")
                    .build();

            ProcrastinateException failure = refusedToWork(settings, user, settings.target(), "28P01");

            assertThat(failure).hasStackTraceContaining("password authentication failed");
            for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
                assertThat(cause.toString()).doesNotContain("wr0ng-s3cret");
            }
            assertThat(((ConnectorException) failure).isTransient()).isFalse();
            try (App right = App.create(settings.toBuilder().password("right").build())) {
                assertThat(right.open()).isSameAs(right);
            }
        } finally {
            Files.writeString(rules, before, StandardCharsets.UTF_8);
            database.run("SELECT pg_reload_conf()");
            database.run("DROP ROLE " + user);
        }
    }

    @Test
    void aPortNobodyListensOn() {
        // A worker waits for a server that may come up: see HealthTest.
        ConnectorSettings dead =
                database.settings().toBuilder().port(TcpProxy.deadPort()).build();
        refusedToOpen(dead, dead.target(), "no server listens at " + dead.host() + ":" + dead.port());
    }

    @Test
    void aDatabaseThatDoesNotExist() {
        refusedToWork(database.settings().toBuilder().database("nowhere").build(), "nowhere", "3D000");
    }

    @Test
    void aPoolOfTheWrongKind() {
        App other = App.create(database.settings());
        refused(
                ConnectorException.class,
                () -> other.open("a text"),
                "No connector takes a pool of the class java.lang.String",
                "Found: [pgjdbc, jdbc]. Add one that does");
        refused(
                ConnectorException.class,
                () -> Stages.join(other.openAsync(1)),
                "No connector takes a pool of the class java.lang.Integer");
        assertThat(other.connector().isOpen()).isFalse();
    }

    @Test
    void aConnectionOfTheWrongKind() {
        JobDeferrer<Map<String, @Nullable Object>> deferrer =
                app.externalTask("t").on("a text");
        refused(
                ConnectorException.class,
                () -> deferrer.defer(Map.of()),
                "'pgjdbc'",
                "java.lang.String",
                "java.sql.Connection",
                "Nothing was sent");
        refused(ConnectorException.class, () -> Stages.join(deferrer.deferAsync(Map.of())), "Nothing was sent");
    }

    @Test
    void noConnectorAtAll() throws Exception {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try (URLClassLoader bare = withoutServices()) {
            thread.setContextClassLoader(bare);
            Throwable failure = catchThrowable(() ->
                    bare.loadClass("io.procrastinate.App").getMethod("create").invoke(null));
            assertThat(failure).isNotNull();
            assertThat(failure.getCause()).isNotNull();
            assertThat(failure.getCause().getClass().getName()).isEqualTo(ConnectorSelectionException.class.getName());
            assertThat(failure.getCause())
                    .hasMessageContaining("No connector was found")
                    .hasMessageContaining(
                            "Add one to the build, such as io.procrastinate:procrastinate-connector-pgjdbc");
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    /** A separate class loader for the library, without registered services. */
    private static URLClassLoader withoutServices() {
        URL library = App.class.getProtectionDomain().getCodeSource().getLocation();
        ClassLoader own = BadInputTest.class.getClassLoader();
        ClassLoader others = new ClassLoader(ClassLoader.getPlatformClassLoader()) {
            @Override
            protected Class<?> findClass(String name) throws ClassNotFoundException {
                if (name.startsWith("io.procrastinate.")) {
                    throw new ClassNotFoundException(name);
                }
                return own.loadClass(name);
            }
        };
        return new URLClassLoader(new URL[] {library}, others) {
            @Override
            public Enumeration<URL> getResources(String name) throws IOException {
                return name.startsWith("META-INF/services/io.procrastinate")
                        ? Collections.emptyEnumeration()
                        : super.getResources(name);
            }
        };
    }

    private boolean canLogIn(String user, String password) {
        try (Connection connection = DriverManager.getConnection(
                "jdbc:postgresql://" + database.settings().target(), user, password)) {
            return connection.isValid(1);
        } catch (SQLException e) {
            return false;
        }
    }

    private static void refusedToOpen(ConnectorSettings settings, String... messages) {
        refused(settings, App::open, messages);
        refused(settings, app -> Stages.join(app.openAsync()), messages);
    }

    private static ProcrastinateException refusedToWork(ConnectorSettings settings, String... messages) {
        refusedToOpen(settings, messages);
        return refused(settings, App::runWorker, messages);
    }

    private static ProcrastinateException refused(ConnectorSettings settings, Consumer<App> way, String... messages) {
        App closed = App.create(settings);
        ProcrastinateException failure = refused(ConnectorException.class, () -> way.accept(closed), messages);
        assertThat(closed.connector().isOpen()).isFalse();
        assertThat(closed.connector().sync().isOpen()).isFalse();
        return failure;
    }

    private static <E extends ProcrastinateException> E refused(
            Class<E> type, ThrowingCallable call, String... messages) {
        Throwable failure = catchThrowable(call);
        assertThat(failure).isInstanceOf(type).hasMessageContainingAll(messages);
        return type.cast(Objects.requireNonNull(failure));
    }

    private static NewJob job(String args) {
        return NewJob.of("t").args(args);
    }
}
