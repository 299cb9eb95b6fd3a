package io.procrastinate.tck;

import io.procrastinate.connector.Capability;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The capabilities without which a test makes no sense. If the connector does not declare one, the test is not skipped:
 * it asserts the documented refusal instead.
 */
@Target({ElementType.METHOD, ElementType.TYPE})
@Retention(RetentionPolicy.RUNTIME)
@interface Needs {

    /** The capabilities; the refusal of the first absent one is asserted. */
    Capability[] value();
}
