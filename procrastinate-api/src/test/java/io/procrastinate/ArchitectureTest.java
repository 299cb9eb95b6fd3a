package io.procrastinate;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget.MethodCallTarget;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ArchitectureTest {

    private static final String ROOT = "io.procrastinate";

    /** Every package; each may use those before it. The root package is above them all. */
    private static final List<String> LAYERS = List.of(
                    "annotation",
                    "text",
                    "exception",
                    "json",
                    "connector",
                    "driver",
                    "adapter",
                    "schema",
                    "job",
                    "retry",
                    "periodic",
                    "task",
                    "worker",
                    "memory",
                    "monitor")
            .stream()
            .map(name -> ROOT + "." + name + "..")
            .toList();

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages(ROOT);

    @Test
    void packagesAreFreeOfCycles() {
        slices().assignedFrom(new EachPackage()).should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void everyPackageHasItsLayer() {
        classes()
                .that()
                .resideOutsideOfPackage(ROOT)
                .should()
                .resideInAnyPackage(LAYERS.toArray(String[]::new))
                .check(CLASSES);
    }

    @Test
    void layersUseOnlyLowerLayers() {
        for (int layer = 0; layer < LAYERS.size(); layer++) {
            Stream<String> higher = LAYERS.stream().skip(layer + 1L);
            noClasses()
                    .that()
                    .resideInAPackage(LAYERS.get(layer))
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(Stream.concat(Stream.of(ROOT), higher).toArray(String[]::new))
                    .allowEmptyShould(true)
                    .check(CLASSES);
        }
    }

    @Test
    void connectorsNeedNothingButTheirInterface() {
        classes()
                .that()
                .resideInAPackage(ROOT + ".connector..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        ROOT + ".connector..",
                        ROOT + ".exception..",
                        ROOT + ".annotation..",
                        "java..",
                        "org.jspecify..",
                        "org.slf4j..")
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    @Test
    void logsGoThroughSlf4j() {
        NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING.check(CLASSES);
    }

    /** An application may block it, and on two processors it has a single thread. */
    @Test
    void nothingWaitsForTheCommonPool() {
        noClasses()
                .should()
                .callMethodWhere(DescribedPredicate.describe("an executor is left out", call -> {
                    MethodCallTarget target = call.getTarget();
                    String name = target.getName();
                    return target.getOwner().isAssignableTo(CompletionStage.class)
                            && (name.endsWith("Async") || name.equals("delayedExecutor"))
                            && target.getOwner().getPackageName().equals("java.util.concurrent")
                            && target.getRawParameterTypes().stream()
                                    .noneMatch(type -> type.isEquivalentTo(Executor.class));
                }))
                .check(CLASSES);
    }

    @Test
    void nothingIsPrinted() {
        NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS.check(CLASSES);
    }

    /** Every package is a slice of its own, the root package too. */
    private static final class EachPackage implements SliceAssignment {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass javaClass) {
            return SliceIdentifier.of(javaClass.getPackageName());
        }

        @Override
        public String getDescription() {
            return "every package";
        }
    }
}
