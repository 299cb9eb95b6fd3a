package io.procrastinate.testing;

import io.procrastinate.App;

/** Where assertions about an app's jobs begin; made to be imported statically beside AssertJ's. */
public final class ProcrastinateAssertions {

    private ProcrastinateAssertions() {}

    /** Asserts about the jobs of an open app. */
    public static AppAssert assertThat(App app) {
        return new AppAssert(app);
    }
}
