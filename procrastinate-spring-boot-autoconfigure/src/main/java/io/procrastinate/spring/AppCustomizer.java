package io.procrastinate.spring;

import io.procrastinate.App;

/** A bean that changes the app before it is built, after the properties; several are called in their order. */
@FunctionalInterface
public interface AppCustomizer {

    /** Changes the app. */
    void customize(App.Builder app);
}
