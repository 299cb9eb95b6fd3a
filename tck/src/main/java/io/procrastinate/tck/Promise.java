package io.procrastinate.tck;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The sentences of the interface's Javadoc that a test checks. When the test fails, its message quotes them. */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@interface Promise {

    /** The types whose Javadoc makes the promise. */
    Class<?>[] of();

    /** The sentences, exactly as in the Javadoc but without markup. */
    String[] says();

    /** What an implementer should look at first when the test fails. */
    String lookAt();
}
