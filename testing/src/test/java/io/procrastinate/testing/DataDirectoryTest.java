package io.procrastinate.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataDirectoryTest {

    @TempDir
    private Path folder;

    @Test
    void isWhereItIsAskedForAndGoesWhenItIsClosed() {
        DataDirectory directory = DataDirectory.create(folder.toString());
        assertThat(directory.path()).hasParent(folder).isDirectory();

        directory.close();
        assertThat(directory.path()).doesNotExist();
    }

    @Test
    void isElsewhereWhereThatIsNoDirectory() {
        try (DataDirectory directory =
                DataDirectory.create(folder.resolve("not there").toString())) {
            assertThat(directory.path()).isDirectory();
            assertThat(directory.path().toString()).doesNotStartWith(folder.toString());
        }
    }
}
