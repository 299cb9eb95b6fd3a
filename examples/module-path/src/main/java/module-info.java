/** An application on the module path. It names no connector: those present are found. */
module com.example.modules {
    requires io.procrastinate.api;

    // Arguments are read and written by the JSON library, annotated methods called by Procrastinate.
    opens com.example.modules to
            tools.jackson.databind,
            io.procrastinate.api;
}
