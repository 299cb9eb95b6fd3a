package io.procrastinate;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.PublishedSources.Declaration;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is internal in the published modules is kept away from users. */
class InternalTest {

    @Test
    void whatIsInternalIsNotInThePublishedDocumentation() throws IOException {
        List<Declaration> published = PublishedSources.declarations();

        assertThat(published).filteredOn(Declaration::isInternal).hasSizeGreaterThan(60);
        assertThat(published)
                .filteredOn(declaration -> declaration.isInternal() != isHidden(declaration))
                .extracting(Declaration::place)
                .isEmpty();
    }

    private static boolean isHidden(Declaration declaration) {
        String comment = declaration.comment();
        return comment != null && comment.contains("@hidden");
    }
}
