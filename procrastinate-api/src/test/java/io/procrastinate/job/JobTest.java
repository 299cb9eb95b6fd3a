package io.procrastinate.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class JobTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{} | t[7]()",
                "{\"a\": 1, \"b\": \"x\"} | t[7](a=1, b='x')",
                "{\"a\": {\"b\": [null, true]}} | t[7](a={'b': [None, True]})",
                "{\"a\": 1.10, \"b\": 12345678901234567890.5} | t[7](a=1.1, b=1.2345678901234567e+19)",
                "[1] | t[7]([1])",
                "not JSON | t[7](not JSON)"
            })
    void readsLikeACall(String args, String call) {
        Job job =
                Job.builder(7, "t").status(JobStatus.TODO).queue("q").args(args).build();

        assertThat(job.callString()).isEqualTo(call);
    }

    @ParameterizedTest
    @EnumSource(JobStatus.class)
    void readsItsStatusAsItIsWritten(JobStatus status) {
        assertThat(JobStatus.of(status.text())).isEqualTo(status);
    }

    @Test
    void takesAStatusOfTheFutureForUnknown() {
        assertThat(JobStatus.of("paused")).isEqualTo(JobStatus.UNKNOWN);
        assertThat(JobStatus.UNKNOWN.isFinal()).isFalse();
        assertThat(JobStatus.DOING.isFinal()).isFalse();
        assertThat(JobStatus.ABORTED.isFinal()).isTrue();
    }

    @Test
    void countsByStatus() {
        JobCounts counts = new JobCounts("q", Map.of(JobStatus.TODO, 2L, JobStatus.FAILED, 3L));

        assertThat(counts.of(JobStatus.TODO)).isEqualTo(2);
        assertThat(counts.of(JobStatus.DOING)).isZero();
        assertThat(counts.total()).isEqualTo(5);
    }

    @Test
    void filtersByWhatIsSet() {
        JobFilter filter = JobFilter.ALL
                .id(1)
                .queue("q")
                .taskName("t")
                .status(JobStatus.DOING)
                .lock("l")
                .queueingLock("ql")
                .workerId(3)
                .stalledFor(Duration.ofSeconds(30))
                .page(4, 5);

        assertThat(filter)
                .hasToString("JobFilter[id=1, queue=q, taskName=t, status=DOING, lock=l, queueingLock=ql, workerId=3,"
                        + " stalledFor=PT30S, afterId=4, limit=5]")
                .isEqualTo(filter.page(4, 5))
                .isNotEqualTo(JobFilter.ALL);
        assertThatThrownBy(() -> JobFilter.ALL.page(0, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> JobFilter.ALL.stalledFor(Duration.ofSeconds(-1)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
