package io.procrastinate.examples;

import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.properties.CanBeAnnotated.Predicates.annotatedWith;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import io.procrastinate.annotation.Internal;
import org.junit.jupiter.api.Test;

/** An application needs nothing that is internal. */
class InternalsTest {

    @Test
    void applicationsUseNothingInternal() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .areAnnotatedWith(Internal.class)
                .orShould()
                .accessTargetWhere(target(annotatedWith(Internal.class)))
                .check(new ClassFileImporter().importPackages("io.procrastinate.examples"));
    }
}
