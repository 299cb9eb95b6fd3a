package io.procrastinate.testing;

import io.procrastinate.App;

/** Entry point of the assertions about an app's jobs; to be imported statically beside AssertJ's. */
public final class ProcrastinateAssertions {

    private ProcrastinateAssertions() {}

    /** Asserts about the jobs of an open app. */
    public static AppAssert assertThat(App app) {
        return new AppAssert(app);
    }
}
