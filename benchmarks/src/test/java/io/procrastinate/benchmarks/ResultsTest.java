package io.procrastinate.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.procrastinate.benchmarks.Figure.Better;
import io.procrastinate.benchmarks.Results.Ratio;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResultsTest {

    private static final Figure RATE = new Figure("drain", "concurrency 100", "jobs/s", Better.MORE);

    private final Results results = new Results();

    @Test
    void comparesWithinRounds() {
        add("pgjdbc", 90, 30, 200);
        add("raw-pgjdbc", 100, 60, 100);

        Ratio ratio = results.ratio(RATE, "pgjdbc", "raw-pgjdbc").orElseThrow();

        assertThat(ratio).isEqualTo(new Ratio(0.9, 0.5, 2.0, 3));
    }

    @Test
    void leavesOutRoundsThatOnlyOneHas() {
        add("pgjdbc", 90, 30, 200);
        add("raw-pgjdbc", 100);

        assertThat(results.ratio(RATE, "pgjdbc", "raw-pgjdbc").orElseThrow().rounds())
                .isEqualTo(1);
        assertThat(results.ratio(RATE, "pgjdbc", "vertx")).isEmpty();
    }

    @Test
    void findsTheBestAmongOthers() {
        add("pg-boss", 5, 6, 7);
        add("jobrunr", 1, 1, 9);
        add("pgjdbc", 10);

        assertThat(results.best(RATE, List.of("pg-boss", "jobrunr"))).contains("pg-boss");
    }

    @Test
    void holdsResultsAgainstTargets() {
        add("pgjdbc", 90, 84);
        add("raw-pgjdbc", 100, 100);

        List<Target> targets = Target.of(results);

        assertThat(targets).singleElement().satisfies(target -> {
            assertThat(target.wanted()).isEqualTo(0.85);
            assertThat(target.isReached()).isTrue();
        });
    }

    @Test
    void findsShares() {
        assertThat(Results.at(List.of(1.0, 2.0, 3.0), 0.5)).isEqualTo(2);
        assertThat(Results.at(List.of(1.0, 3.0), 0.95)).isCloseTo(2.9, within(1e-9));
    }

    private void add(String system, double... rounds) {
        for (int round = 0; round < rounds.length; round++) {
            results.add(RATE, system, round + 1, rounds[round]);
        }
    }
}
