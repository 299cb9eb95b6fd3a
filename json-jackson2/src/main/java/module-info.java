import io.procrastinate.json.JsonCodecProvider;
import io.procrastinate.json.jackson2.Jackson2CodecProvider;

/** Arguments as JSON by Jackson 2. */
@SuppressWarnings("module") // the digit is part of the library's name
module io.procrastinate.json.jackson2 {
    requires static com.google.auto.service;
    requires transitive com.fasterxml.jackson.databind;
    requires com.fasterxml.jackson.datatype.jdk8;
    requires com.fasterxml.jackson.datatype.jsr310;
    requires com.fasterxml.jackson.module.paramnames;
    requires transitive io.procrastinate.api;

    exports io.procrastinate.json.jackson2;

    provides JsonCodecProvider with
            Jackson2CodecProvider;
}
