package io.procrastinate.micrometer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class NamesTest {

    private final Names names = new Names();

    @Test
    void theFirstTwoHundredKeepTheirNames() {
        for (int number = 1; number <= Names.MOST; number++) {
            assertThat(names.of("queue " + number)).isEqualTo("queue " + number);
        }

        assertThat(names.of("queue 201")).isEqualTo("(other)");
        assertThat(names.of("queue 202")).isEqualTo("(other)");
        assertThat(names.of("queue 200")).isEqualTo("queue 200");
        assertThat(names.all()).hasSize(Names.MOST).doesNotContain("queue 201");
    }
}
