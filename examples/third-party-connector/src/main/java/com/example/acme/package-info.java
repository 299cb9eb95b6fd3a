/** A third party's connector: all that it takes, outside this library's packages and over its public interface only. */
@NullMarked
package com.example.acme;

import org.jspecify.annotations.NullMarked;
