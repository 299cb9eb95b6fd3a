package io.procrastinate.tck;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** A test that restarts its server, and has one of its own where the server is the kit's: other tests run beside it. */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@interface RestartsServer {}
