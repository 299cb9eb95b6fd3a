package io.procrastinate.json.jackson2;

import com.google.auto.service.AutoService;
import io.procrastinate.json.JsonCodec;
import io.procrastinate.json.JsonCodecProvider;
import java.util.Optional;

/** Provides {@link Jackson2Codec#standard()}. Thread-safe. */
@AutoService(JsonCodecProvider.class)
public final class Jackson2CodecProvider implements JsonCodecProvider {

    /** For the {@link java.util.ServiceLoader}. */
    public Jackson2CodecProvider() {}

    @Override
    public String name() {
        return "Jackson 2";
    }

    @Override
    public Optional<String> obstacle() {
        try {
            Jackson2Codec.standard();
            return Optional.empty();
        } catch (LinkageError e) {
            return Optional.of("Jackson 2 is missing in part, or its parts have different versions: " + e
                    + ". Have all of com.fasterxml.jackson in the version that procrastinate-json-jackson2 asks for, or"
                    + " all in a later one.");
        }
    }

    @Override
    public JsonCodec create() {
        return Jackson2Codec.standard();
    }
}
