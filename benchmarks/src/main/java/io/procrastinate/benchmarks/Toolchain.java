package io.procrastinate.benchmarks;

import io.procrastinate.benchmarks.MeasuredSystem.Platform;
import io.procrastinate.benchmarks.driver.DriverMain;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringTokenizer;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Prepares the drivers of each language: installs what they need below the working directory, with npm and pip. */
final class Toolchain {

    private static final int INSTALL_MINUTES = 10;

    private final Path sources;
    private final Path work;
    private final Map<Platform, Optional<String>> problems = new EnumMap<>(Platform.class);

    /**
     * A tool chain.
     *
     * @param sources the folder of the drivers' sources: {@code src/main}
     * @param work where to install
     */
    Toolchain(Path sources, Path work) {
        this.sources = sources;
        this.work = work;
    }

    /** Why drivers of a platform cannot run here; empty if they can. Installs what is missing. */
    Optional<String> problem(Platform platform) {
        return problems.computeIfAbsent(platform, this::prepare);
    }

    private Optional<String> prepare(Platform platform) {
        return switch (platform) {
            case JAVA -> Optional.empty();
            case PGBENCH -> missing("pgbench", "--version");
            case NODE -> missing("npm", "--version").or(this::installNode);
            case PYTHON -> missing("python3", "--version").or(this::installPython);
        };
    }

    private Optional<String> missing(String program, String argument) {
        return run("checking for " + program, work, List.of(program, argument))
                .map(problem -> program + " is not installed");
    }

    private Optional<String> installNode() {
        Path folder = work.resolve("js");
        copy(sources.resolve("js"), folder);
        return run(
                "npm install",
                folder,
                List.of("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"));
    }

    private Optional<String> installPython() {
        Path folder = work.resolve("python");
        copy(sources.resolve("python"), folder);
        Optional<String> environment = Files.exists(folder.resolve("venv/bin/python"))
                ? Optional.empty()
                : run("making a virtual environment", folder, List.of("python3", "-m", "venv", "venv"));
        return environment.or(() -> run(
                "pip install",
                folder,
                List.of("venv/bin/python", "-m", "pip", "install", "-q", "-r", "requirements.txt")));
    }

    private static void copy(Path from, Path to) {
        try (Stream<Path> files = Files.list(from)) {
            Files.createDirectories(to);
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, to.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("The drivers cannot be copied to " + to, e);
        }
    }

    private Optional<String> run(String what, Path folder, List<String> command) {
        Path log = work.resolve("install.log");
        try {
            List<String> resolved = new ArrayList<>(command);
            if (command.get(0).contains("/")) {
                resolved.set(0, folder.resolve(command.get(0)).toString());
            }
            Process process = new ProcessBuilder(resolved)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start();
            process.getOutputStream().close();
            if (!process.waitFor(INSTALL_MINUTES, TimeUnit.MINUTES)) {
                process.destroyForcibly();
                return Optional.of(what + " took longer than " + INSTALL_MINUTES + " minutes");
            }
            return process.exitValue() == 0
                    ? Optional.empty()
                    : Optional.of(what + " failed: see " + log.getFileName());
        } catch (IOException e) {
            return Optional.of(what + " failed: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.of(what + " was interrupted");
        }
    }

    /** Starts a driver on a database. */
    SystemProcess start(MeasuredSystem system, String url) {
        Path log = work.resolve(system.name() + ".log");
        return switch (system.platform()) {
            case PGBENCH -> new PgBench(url, work);
            case JAVA -> DriverProcess.start(system.name(), java(system, url), work, log);
            case NODE ->
                DriverProcess.start(
                        system.name(), List.of(node(), system.name() + ".mjs", url), work.resolve("js"), log);
            case PYTHON ->
                DriverProcess.start(
                        system.name(),
                        List.of(work.resolve("python/venv/bin/python").toString(), "procrastinate_driver.py", url),
                        work.resolve("python"),
                        log);
        };
    }

    /** The Node.js of the packages: they need a newer version than many systems have. */
    private String node() {
        return work.resolve("js/node_modules/node/bin/node").toString();
    }

    private static List<String> java(MeasuredSystem system, String url) {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1g",
                "-Dbenchmarks.level=" + system.logLevel(),
                "-cp",
                absolute(System.getProperty("java.class.path")),
                DriverMain.class.getName(),
                system.name(),
                url);
    }

    private static String absolute(String classPath) {
        List<String> entries = new ArrayList<>();
        StringTokenizer tokens = new StringTokenizer(classPath, File.pathSeparator);
        while (tokens.hasMoreTokens()) {
            entries.add(Path.of(tokens.nextToken()).toAbsolutePath().toString());
        }
        return String.join(File.pathSeparator, entries);
    }
}
