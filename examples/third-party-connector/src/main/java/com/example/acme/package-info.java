/** A third party's connector: complete, outside this library's packages and using only its public interface. */
@NullMarked
package com.example.acme;

import org.jspecify.annotations.NullMarked;
