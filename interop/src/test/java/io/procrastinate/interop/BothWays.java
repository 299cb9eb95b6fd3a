package io.procrastinate.interop;

import io.procrastinate.job.NewJob;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Tests that pass whichever side defers and whichever works, with each release. One release is tested on the schema of
 * its own package, the other one on ours.
 */
@ParameterizedClass
@MethodSource("all")
@SuppressWarnings("NullAway.Init") // JUnit sets the parameters
abstract class BothWays {

    @Parameter(0)
    PythonRelease release;

    @Parameter(1)
    Direction direction;

    SharedQueue queue;
    Side from;
    Side to;

    static Stream<Arguments> all() {
        return Arrays.stream(PythonRelease.values())
                .flatMap(release ->
                        Arrays.stream(Direction.values()).map(direction -> Arguments.of(release, direction)));
    }

    @BeforeEach
    void open() {
        queue = release == PythonRelease.NEWEST ? SharedQueue.ofJava(release) : SharedQueue.ofPython(release);
        from = direction.from(queue);
        to = direction.to(queue);
    }

    @AfterEach
    void close() {
        queue.close();
    }

    /** Starts a worker of the working side. */
    void work(WorkerSetup setup) {
        queue.keep(to.startWorker(setup));
    }

    static NewJob job(String task) {
        return SharedQueue.job("shared", task);
    }
}
