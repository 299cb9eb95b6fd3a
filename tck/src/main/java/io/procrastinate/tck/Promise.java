package io.procrastinate.tck;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The sentences of the interface's Javadoc that a test checks. When the test fails, its message quotes them. */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@interface Promise {

    /** The types whose Javadoc says so. */
    Class<?>[] of();

    /** The sentences, as they stand there without their markup. */
    String[] says();

    /** What an implementer looks at first when the test fails. */
    String lookAt();
}
