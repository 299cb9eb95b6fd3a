package io.procrastinate;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.PublishedSources.Declaration;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Everything public of the published modules is documented, unless what it overrides is. The compiler checks how, this
 * test whether: the compiler cannot be made to check only that.
 */
class JavadocTest {

    @Test
    void everythingPublicHasAComment() throws IOException {
        List<Declaration> published = PublishedSources.declarations();

        assertThat(published).hasSizeGreaterThan(800);
        assertThat(published)
                .filteredOn(declaration -> declaration.comment() == null && !declaration.isInherited())
                .extracting(Declaration::place)
                .isEmpty();
    }
}
