package io.procrastinate.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/** The environment and the versions of a run, without anything that identifies the machine's owner. */
final class Machine {

    private Machine() {}

    static Map<String, String> describe(Server server) {
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("processors", Integer.toString(system.getAvailableProcessors()));
        facts.put("memory", Math.round(system.getTotalMemorySize() / (double) (1 << 30)) + " GiB");
        facts.put("system", system.getName() + " " + system.getArch());
        facts.put("Java", System.getProperty("java.vm.name") + " " + java.lang.Runtime.version());
        facts.put("PostgreSQL", server.version());
        facts.put("durability", "fsync, synchronous_commit and full_page_writes on");
        facts.put("db-scheduler", version("com.github.kagkarlsson", "db-scheduler"));
        facts.put("jobrunr", version("org.jobrunr", "jobrunr"));
        facts.put("quartz", version("org.quartz-scheduler", "quartz"));
        facts.put("pgjdbc", org.postgresql.util.DriverInfo.DRIVER_VERSION);
        facts.put("load when it began", "%.1f".formatted(system.getSystemLoadAverage()));
        facts.put("commit", commit());
        return facts;
    }

    /** The version of a jar that Maven made. */
    private static String version(String group, String artifact) {
        String resource = "/META-INF/maven/" + group + "/" + artifact + "/pom.properties";
        try (InputStream stream = Machine.class.getResourceAsStream(resource)) {
            if (stream == null) {
                return "see the build";
            }
            Properties properties = new Properties();
            properties.load(stream);
            return properties.getProperty("version");
        } catch (IOException e) {
            return "unknown (" + e.getMessage() + ")";
        }
    }

    private static String commit() {
        String commit = git("rev-parse", "--short", "HEAD");
        String changes = git("status", "--porcelain", "--untracked-files=no");
        return commit.isEmpty() ? "unknown" : changes.isEmpty() ? commit : commit + " with changes";
    }

    private static String git(String... arguments) {
        List<String> command = new java.util.ArrayList<>(List.of("git"));
        command.addAll(List.of(arguments));
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            return ""; // not a work tree, or no git: the commit is unknown
        }
    }
}
