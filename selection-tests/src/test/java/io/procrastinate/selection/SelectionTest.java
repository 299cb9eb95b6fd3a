package io.procrastinate.selection;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.connector.ConnectorProvider;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.module.Configuration;
import java.lang.module.ModuleFinder;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Which connector is chosen, with every combination of the connectors' jars, on the class path, on the module path and
 * in one jar.
 */
class SelectionTest {

    /** The best one first. */
    private static final List<String> CONNECTORS = List.of("vertx", "r2dbc", "pgjdbc", "pgjdbc-ng", "dbcp", "jdbc");

    /** The module from which all others are found, unless one of them cannot name what it needs. */
    private static final String API = "io.procrastinate.api";

    private static final Set<String> ASYNCHRONOUS = Set.of("vertx", "r2dbc");

    private static final String NOT_OPEN = "AppNotOpenException";
    private static final String WORKS = "it works";

    private static final AtomicInteger NUMBER = new AtomicInteger();

    private static @Nullable EmbeddedPostgres server;

    @TempDir
    private static Path folder;

    /** Everything but connectors, in one jar. */
    private static Path base;

    private static final Map<Path, Path> packed = new HashMap<>();
    private static @Nullable ModuleFinder sharedModules;

    @BeforeAll
    static void start() throws IOException {
        server = EmbeddedPostgres.start();
        base = folder.resolve("base.jar");
        shade(jars(CONNECTORS).filter(isConnector().negate()).filter(path -> !path.endsWith("test-classes")), base);
    }

    @AfterAll
    static void stop() throws IOException {
        if (server != null) {
            server.close();
        }
    }

    /**
     * All sets of connectors that a build can have: each JDBC connector brings {@code jdbc}, and {@code dbcp} brings
     * {@code pgjdbc}. What is behind {@code r2dbc} is chosen as behind {@code vertx}, so that not all of that is
     * tried again.
     */
    static Stream<List<String>> combinations() {
        return IntStream.range(0, 1 << CONNECTORS.size())
                .mapToObj(bits -> IntStream.range(0, CONNECTORS.size())
                        .filter(index -> (bits & (1 << index)) != 0)
                        .mapToObj(CONNECTORS::get)
                        .toList())
                .filter(names -> !names.contains("dbcp") || names.contains("pgjdbc"))
                .filter(names -> names.contains("jdbc") || ASYNCHRONOUS.containsAll(names))
                .filter(names -> !names.contains("r2dbc")
                        || names.stream()
                                        .filter(name -> !ASYNCHRONOUS.contains(name))
                                        .count()
                                <= (names.contains("vertx") ? 0 : 2)
                        || names.size() == CONNECTORS.size());
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void theBestOnTheClassPathIsChosen(List<String> connectors) throws IOException {
        try (URLClassLoader loader = classPath(jars(connectors))) {
            check(connectors, probe(loader, ""));
        }
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void eachOnTheClassPathIsChosenByItsName(List<String> connectors) throws IOException {
        try (URLClassLoader loader = classPath(jars(connectors))) {
            for (String name : connectors) {
                assertThat(choose(loader, name)).containsEntry("chosen", name);
            }
            assertThat(choose(loader, "oracle").get("refusal"))
                    .contains("No connector named 'oracle'. Found: " + connectors);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "vertx, vertx-pg-client",
        "r2dbc, r2dbc-postgresql",
        "pgjdbc, postgresql",
        "pgjdbc-ng, pgjdbc-ng",
        "dbcp, commons-dbcp2",
    })
    void oneWhoseDriverIsMissingHidesNoOther(String broken, String driver) throws IOException {
        List<Path> jars = jars(CONNECTORS)
                .filter(path -> !path.getFileName().toString().matches(driver + "-\\d.*\\.jar"))
                .toList();
        try (URLClassLoader loader = classPath(jars.stream())) {
            assertThat(probe(loader, broken).get("refusal"))
                    .startsWith("The connector '" + broken + "' (")
                    .contains("cannot be created")
                    .endsWith("Is its driver on the class path?");
        }
        List<String> others =
                CONNECTORS.stream().filter(name -> !name.equals(broken)).toList();
        try (URLClassLoader loader = classPath(jars.stream())) {
            Map<String, String> seen = probe(loader, "");
            assertThat(seen).containsEntry("chosen", others.get(0));
            assertThat(seen).containsEntry("before opening", counterpart(others));
            assertThat(seen.get("call after opening")).isEqualTo(WORKS);
        }
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void theBestOnTheModulePathIsChosen(List<String> connectors) throws IOException {
        ModuleFinder finder =
                ModuleFinder.compose(shared(), modules(jars(connectors).filter(isConnector())));
        Configuration configuration = ModuleLayer.boot()
                .configuration()
                .resolveAndBind(
                        ModuleFinder.of(), finder, connectors.contains("pgjdbc-ng") ? all(finder) : List.of(API));
        ClassLoader modulesLoader = ModuleLayer.boot()
                .defineModulesWithOneLoader(configuration, ClassLoader.getPlatformClassLoader())
                .findLoader(API);
        try (URLClassLoader loader = new URLClassLoader(new URL[] {url(testClasses())}, modulesLoader)) {
            check(connectors, probe(loader, ""));
        }
    }

    /** The application's own pool is all that the connector {@code jdbc} must have. */
    @Test
    void theConnectorJdbcNeedsNoPoolOnTheModulePath() throws IOException {
        ModuleFinder finder = modules(jars(List.of("jdbc"))
                .filter(path -> !path.endsWith("test-classes")
                        && !path.getFileName().toString().startsWith("HikariCP")));

        Configuration configuration =
                ModuleLayer.boot().configuration().resolveAndBind(ModuleFinder.of(), finder, List.of(API));

        assertThat(configuration.findModule("io.procrastinate.connector.jdbc")).isPresent();
        assertThat(configuration.findModule("com.zaxxer.hikari")).isEmpty();
    }

    /**
     * What {@code --add-modules ALL-MODULE-PATH} adds, for a driver that is not a module and cannot declare what it
     * needs.
     */
    private static List<String> all(ModuleFinder finder) {
        return finder.findAll().stream()
                .map(module -> module.descriptor().name())
                // Unused codecs require modules that are absent.
                .filter(name -> !name.startsWith("io.netty.codec"))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void theBestInOneShadedJarIsChosen(List<String> connectors) throws IOException {
        Path shaded = Files.createTempFile(folder, "shaded", ".jar");
        Files.copy(base, shaded, StandardCopyOption.REPLACE_EXISTING);
        shade(jars(connectors).filter(isConnector()), shaded);
        try (URLClassLoader loader = classPath(Stream.of(shaded, testClasses()))) {
            check(connectors, probe(loader, ""));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "vertx pgjdbc dbcp jdbc, pgjdbc",
        "vertx jdbc, jdbc",
        "pgjdbc jdbc, pgjdbc",
        "jdbc, jdbc",
    })
    void aPoolDecidesWhereAllOfTheAppIs(String connectors, String serves) throws Exception {
        List<String> names = List.of(connectors.split(" "));
        String other = database();
        try (URLClassLoader loader = classPath(jars(names))) {
            Map<String, String> seen = probe(loader, PoolProbe.class, url("postgres"), url(other));
            assertThat(seen).containsEntry("chosen", names.get(0));
            assertThat(seen).containsEntry("serves", serves);
            assertThat(seen).containsEntry("worker", "SUCCEEDED in " + other);
            assertThat(seen).containsEntry("drained", "0 in " + other);
            for (String step : List.of("opened", "again", "reopened", "asynchronously", "asynchronously first")) {
                assertThat(seen).containsEntry(step, other);
            }
            assertThat(seen.get("another"))
                    .startsWith("ConnectorException: The app is already open")
                    .contains(serves);
            if (!names.equals(List.of("jdbc"))) {
                assertThat(seen.get("own pool first")).startsWith("ConnectorException: The app is already open");
            }
            if (names.contains("vertx")) {
                assertThat(seen.get("given"))
                        .startsWith("ConnectorException: The app was given the connector 'vertx'")
                        .contains("PGSimpleDataSource", "[" + serves);
                assertThat(seen.get("stands in"))
                        .startsWith("ConnectorException: ")
                        .contains("PGSimpleDataSource");
            } else {
                assertThat(seen).containsEntry("given", other).containsEntry("stands in", "opened");
            }
        }
    }

    @Test
    void aPoolThatNobodyTakesIsRefused() throws Exception {
        try (URLClassLoader loader = classPath(jars(List.of("vertx")))) {
            Map<String, String> seen = probe(loader, PoolProbe.class, url("postgres"), url("postgres"));
            assertThat(seen.get("opened"))
                    .startsWith("ConnectorException: No connector takes a pool of the class org.postgresql.ds.PG")
                    .contains("Found: [vertx]");
        }
    }

    @ParameterizedTest
    @CsvSource({"PGSERVICE, nowhere", "PGPORT, many"})
    void aPoolMakesABrokenEnvironmentNeedless(String variable, String value) throws Exception {
        String other = database();
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                PoolProbe.class.getName(),
                url(other));
        builder.environment().keySet().removeIf(name -> name.startsWith("PG") || name.startsWith("PROCRASTINATE_"));
        builder.environment().put(variable, value);
        Process process = builder.redirectErrorStream(true).start();
        try (InputStream output = process.getInputStream()) {
            assertThat(new String(output.readAllBytes(), StandardCharsets.UTF_8))
                    .contains("own pool=SettingsException: ")
                    .contains(value)
                    .contains("opened=" + other, "serves=pgjdbc", "worker=SUCCEEDED in " + other);
        }
    }

    @Test
    void connectorsThatNoServiceFileNamesAreFound() throws Exception {
        Path shaded = Files.createTempFile(folder, "unmerged", ".jar");
        Files.copy(base, shaded, StandardCopyOption.REPLACE_EXISTING);
        shade(jars(CONNECTORS).filter(isConnector()), shaded);
        try (FileSystem jar = FileSystems.newFileSystem(shaded)) {
            Files.writeString(
                    jar.getPath("META-INF/services", ConnectorProvider.class.getName()),
                    "io.procrastinate.connector.jdbc.JdbcConnectorProvider");
        }
        try (URLClassLoader loader = classPath(Stream.of(shaded, testClasses()))) {
            assertThat(probe(loader, "pgjdbc").get("refusal"))
                    .startsWith("No connector named 'pgjdbc'. Found: [jdbc]. ")
                    .contains("io.procrastinate.connector.pgjdbc.PgjdbcConnectorProvider, is there, but no file")
                    .contains("ServicesResourceTransformer", "mergeServiceFiles()")
                    .doesNotContain("Add its jar", "Vertx");
            assertThat(probe(loader, "oracle").get("refusal")).contains("Add its jar");
        }
        try (FileSystem jar = FileSystems.newFileSystem(shaded)) {
            Files.delete(jar.getPath("META-INF/services", ConnectorProvider.class.getName()));
        }
        try (URLClassLoader loader = classPath(Stream.of(shaded, testClasses()))) {
            assertThat(probe(loader, "").get("refusal"))
                    .startsWith("No connector was found. ")
                    .contains("VertxConnectorProvider", "DbcpConnectorProvider", "ServicesResourceTransformer");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"pgjdbc", "pgjdbc-ng"})
    void aPoolOfItsOwnNeedsItsLibrary(String name) throws IOException {
        try (URLClassLoader loader = classPath(
                jars(CONNECTORS).filter(path -> !path.getFileName().toString().startsWith("HikariCP")))) {
            assertThat(probe(loader, name).get("call after opening"))
                    .startsWith("ConnectorException: The connector '" + name + "' cannot open a pool of its own")
                    .contains("com.zaxxer:HikariCP", "app.open(dataSource)");
        }
    }

    /** Another database of the server. */
    private static String database() throws SQLException {
        String name = "other_" + NUMBER.incrementAndGet();
        try (Connection connection =
                        Objects.requireNonNull(server).getPostgresDatabase().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE DATABASE " + name);
        }
        return name;
    }

    /** The modules of everything but connectors, found once. */
    private static ModuleFinder shared() throws IOException {
        if (sharedModules == null) {
            sharedModules = modules(
                    jars(CONNECTORS).filter(isConnector().negate()).filter(path -> !path.endsWith("test-classes")));
            sharedModules.findAll();
        }
        return sharedModules;
    }

    /** Modules of this build that have not been packed into their jars yet are packed first. */
    private static ModuleFinder modules(Stream<Path> paths) throws IOException {
        List<Path> modules = new ArrayList<>();
        for (Path path : paths.toList()) {
            if (Files.isDirectory(path) && !packed.containsKey(path)) {
                Path jar = folder.resolve("module-" + (char) ('a' + packed.size()) + ".jar");
                shade(Stream.of(path), jar);
                packed.put(path, jar);
            }
            modules.add(packed.getOrDefault(path, path));
        }
        return ModuleFinder.of(modules.toArray(Path[]::new));
    }

    private static void check(List<String> connectors, Map<String, String> seen) {
        assertThat(seen).containsEntry("names", connectors.toString());
        if (connectors.isEmpty()) {
            assertThat(seen.get("refusal")).startsWith("No connector was found. Add one to the build");
            return;
        }
        String best = connectors.get(0);
        assertThat(seen).containsEntry("chosen", best);
        assertThat(seen.get("reason"))
                .contains(connectors.size() == 1 ? "the only one found" : "before " + connectors.get(1));
        assertThat(seen).containsEntry("before opening", counterpart(connectors));
        assertThat(seen).containsEntry("same before opening", "true");
        assertThat(seen.get("call before opening")).startsWith(NOT_OPEN).contains("app.open()");
        String opened = best.equals("jdbc") ? "ConnectorException" : WORKS;
        assertThat(seen.get("call after opening")).startsWith(opened);
        assertThat(seen.get("call after opening asynchronously")).startsWith(opened);
        assertThat(seen).containsEntry("view of the connector itself", "false");
        assertThat(seen).containsEntry("after opening", best);
        boolean lifted = !ASYNCHRONOUS.contains(best);
        assertThat(seen).containsEntry("same after opening", String.valueOf(lifted));
        assertThat(seen)
                .containsEntry("counterpart is open after opening", String.valueOf(lifted && opened.equals(WORKS)));
        assertThat(seen.get("after closing")).startsWith(NOT_OPEN);
    }

    /**
     * Before it is opened an asynchronous connector hands out the best synchronous one that opens a pool of its own.
     */
    private static String counterpart(List<String> connectors) {
        if (!ASYNCHRONOUS.contains(connectors.get(0))) {
            return connectors.get(0);
        }
        return connectors.stream()
                .filter(name -> name.startsWith("pgjdbc"))
                .findFirst()
                .orElse(connectors.get(0));
    }

    private static Map<String, String> choose(ClassLoader loader, String name) {
        return probe(loader, SelectionProbe.class, "", name);
    }

    private static Map<String, String> probe(ClassLoader loader, String name) {
        return probe(loader, SelectionProbe.class, url("postgres"), name);
    }

    private static String url(String database) {
        return "postgresql://localhost:" + Objects.requireNonNull(server).getPort() + "/" + database + "?user=postgres";
    }

    private static Map<String, String> probe(ClassLoader loader, Class<?> type, String url, String argument) {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(loader);
        try {
            BiFunction<?, ?, ?> made = Class.forName(type.getName(), true, loader)
                    .asSubclass(BiFunction.class)
                    .getConstructor()
                    .newInstance();
            @SuppressWarnings("unchecked") // the class is the one below src/test
            BiFunction<String, String, Map<String, String>> probe =
                    (BiFunction<String, String, Map<String, String>>) made;
            return probe.apply(url, argument);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    /** Everything of this module's class path but the connectors' jars that are not wanted. */
    private static Stream<Path> jars(List<String> connectors) {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .map(Path::of)
                .filter(Files::exists)
                .filter(path -> !path.toString().contains("junit")
                        && !path.toString().contains("surefire")
                        && !path.endsWith(Path.of("procrastinate-cli", "target", "classes")))
                .filter(path -> connectorOf(path).map(connectors::contains).orElse(true));
    }

    private static Predicate<Path> isConnector() {
        return path -> connectorOf(path).isPresent();
    }

    private static Optional<String> connectorOf(Path path) {
        return CONNECTORS.stream()
                .filter(name -> path.toString()
                        .matches(".*[/\\\\](procrastinate-)?connector-" + name + "(-\\d.*\\.jar|[/\\\\].*)"))
                .findFirst();
    }

    private static Path testClasses() {
        return jars(CONNECTORS)
                .filter(path -> path.endsWith("test-classes"))
                .findFirst()
                .orElseThrow();
    }

    private static URLClassLoader classPath(Stream<Path> paths) {
        return new URLClassLoader(
                paths.map(SelectionTest::url).toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
    }

    private static URL url(Path path) {
        try {
            return path.toUri().toURL();
        } catch (MalformedURLException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Merges jars and folders as a shading plug-in does: service files are joined, of other files the first is kept.
     */
    private static void shade(Stream<Path> sources, Path target) throws IOException {
        try (FileSystem jar = FileSystems.newFileSystem(target, Map.of("create", "true", "noCompression", "true"))) {
            for (Path source : sources.toList()) {
                if (Files.isDirectory(source)) {
                    merge(source, jar);
                } else {
                    try (FileSystem content = FileSystems.newFileSystem(source)) {
                        merge(content.getPath("/"), jar);
                    }
                }
            }
        }
    }

    private static void merge(Path root, FileSystem jar) throws IOException {
        List<Path> files = new ArrayList<>();
        try (Stream<Path> all = Files.walk(root)) {
            all.filter(Files::isRegularFile).forEach(files::add);
        }
        for (Path file : files) {
            Path target = jar.getPath("/" + root.relativize(file));
            Files.createDirectories(target.getParent());
            if (!Files.exists(target)) {
                Files.copy(file, target);
            } else if (target.startsWith("/META-INF/services")) {
                try (InputStream more = Files.newInputStream(file)) {
                    Files.write(target, more.readAllBytes(), StandardOpenOption.APPEND);
                }
            }
        }
    }
}
