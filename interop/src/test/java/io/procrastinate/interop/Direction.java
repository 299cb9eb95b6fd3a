package io.procrastinate.interop;

/** Which side defers and manages jobs, and which side runs them. */
enum Direction {
    PYTHON_TO_JAVA {
        @Override
        Side from(SharedQueue queue) {
            return queue.python();
        }

        @Override
        Side to(SharedQueue queue) {
            return queue.java();
        }
    },
    JAVA_TO_PYTHON {
        @Override
        Side from(SharedQueue queue) {
            return queue.java();
        }

        @Override
        Side to(SharedQueue queue) {
            return queue.python();
        }
    };

    abstract Side from(SharedQueue queue);

    abstract Side to(SharedQueue queue);
}
