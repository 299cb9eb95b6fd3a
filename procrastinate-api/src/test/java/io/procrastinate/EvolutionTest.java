package io.procrastinate;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What a later release can add without breaking anyone. */
class EvolutionTest {

    /** Another component of a record breaks code that constructs or matches it. */
    @Test
    void onlyWhatIsCompleteIsARecord() {
        assertThat(publicRecords())
                .containsExactlyInAnyOrder(
                        "AppHealth",
                        "Backoff",
                        "BulkProgress",
                        "Choice",
                        "ConnectionParameter",
                        "JobCounts",
                        "JobEvent",
                        "Migration",
                        "Notification",
                        "Problem",
                        "QueueBacklog",
                        "Rendered",
                        "SharedPool",
                        "WorkerInfo");
    }

    private static Stream<String> publicRecords() {
        return new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("io.procrastinate").stream()
                        .filter(JavaClass::isRecord)
                        .filter(type -> type.getModifiers().contains(JavaModifier.PUBLIC))
                        .map(JavaClass::getSimpleName);
    }
}
