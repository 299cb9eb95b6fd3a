package io.procrastinate;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Everything public is documented. The compiler checks how, this test whether: the compiler cannot be made to check
 * only that.
 */
class JavadocTest {

    @Test
    void everythingPublicHasAComment(@TempDir Path classes) throws Exception {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
        List<String> options = List.of(
                "-proc:none",
                "-Xdoclint:missing/protected",
                "-Xmaxwarns",
                "10000",
                "-d",
                classes.toString(),
                "-cp",
                System.getProperty("java.class.path"));
        List<Path> sources;
        try (Stream<Path> tree = Files.walk(Path.of("src/main/java"))) {
            // On the class path, where a module's descriptor has no place.
            sources = tree.filter(path -> path.toString().endsWith(".java") && !path.endsWith("module-info.java"))
                    .toList();
        }
        try (StandardJavaFileManager files = compiler.getStandardFileManager(found, Locale.ROOT, null)) {
            boolean compiled = compiler.getTask(
                            null, files, found, options, null, files.getJavaFileObjectsFromPaths(sources))
                    .call();
            assertThat(compiled).as("%s", found.getDiagnostics()).isTrue();
        }

        assertThat(found.getDiagnostics())
                .filteredOn(diagnostic -> diagnostic.getMessage(Locale.ROOT).contains("no comment"))
                .extracting(JavadocTest::place)
                .isEmpty();
    }

    private static String place(Diagnostic<? extends JavaFileObject> diagnostic) {
        JavaFileObject source = diagnostic.getSource();
        return (source == null ? "" : source.getName()) + ":" + diagnostic.getLineNumber();
    }
}
