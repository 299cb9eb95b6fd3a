package io.procrastinate.spring;

import io.procrastinate.exception.SchemaException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;

/** Says what to do if the application does not start because of the queue. */
final class StartFailureAnalyzer implements FailureAnalyzer {

    @Override
    public @Nullable FailureAnalysis analyze(Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each instanceof SchemaException) {
                return new FailureAnalysis(
                        String.valueOf(each.getMessage()),
                        "Set procrastinate.schema.mode=ensure, and the application makes it when it starts; or put the"
                                + " SQL that app.schemaManager().sql() returns into a migration of Flyway or Liquibase.",
                        each);
            }
            if (each instanceof SeveralDataSourcesException) {
                return new FailureAnalysis(
                        String.valueOf(each.getMessage()),
                        "Set procrastinate.pool-bean to the name of the bean, or mark one as @Primary.",
                        each);
            }
            if (each instanceof LinkageError
                    && String.valueOf(each.getMessage()).contains("fasterxml/jackson")) {
                return new FailureAnalysis(
                        "Jackson is too old for the queue: " + each,
                        "Add procrastinate-json-jackson2, set the version of"
                                + " com.fasterxml.jackson.core:jackson-annotations to 2.21 or newer, or declare a bean of"
                                + " the type io.procrastinate.json.JsonCodec.",
                        each);
            }
        }
        return null;
    }
}
