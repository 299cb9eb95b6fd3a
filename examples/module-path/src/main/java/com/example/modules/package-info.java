/** An application on the module path. */
@org.jspecify.annotations.NullMarked
package com.example.modules;
