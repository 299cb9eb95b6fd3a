package io.procrastinate.json;

import java.util.Optional;

/**
 * Makes the codec of a JSON library. {@link JsonCodec#standard()} looks for providers with the thread's class loader
 * and this library's own, by {@link java.util.ServiceLoader}; it uses Jackson 3 where that works, else the first
 * provider, by name, that works here. A provider has no state and does nothing when it is created.
 */
public interface JsonCodecProvider {

    /** Returns the library's name for messages, such as {@code Jackson 2}. */
    String name();

    /**
     * Returns why the library cannot be used here, in a sentence that says what to do; empty if it can be used. The
     * library may be missing: the provider's own class must not need it in order to be loaded.
     */
    Optional<String> obstacle();

    /**
     * Returns a thread-safe codec, the same one each time or a new one. Is called only where nothing is in the way.
     */
    JsonCodec create();
}
