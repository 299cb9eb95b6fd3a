package io.procrastinate.json;

import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/** Jackson 3, which may be missing, or be there with annotations that are too old for it. */
final class Jackson3 implements JsonCodecProvider {

    private static final String ANNOTATIONS = "com.fasterxml.jackson.core/jackson-annotations";
    private static final String DATABIND = "tools.jackson.core/jackson-databind";

    @Override
    public String name() {
        return "Jackson 3";
    }

    @Override
    public Optional<String> obstacle() {
        return Loaded.OBSTACLE;
    }

    @Override
    public JsonCodec create() {
        return JacksonCodec.standard();
    }

    private static String explain(LinkageError failure) {
        String found = version(ANNOTATIONS);
        if (version(DATABIND) != null && missingClass(failure).contains("com/fasterxml/jackson/annotation/")) {
            return "Jackson 3 (tools.jackson.core:jackson-databind " + version(DATABIND)
                    + ") needs com.fasterxml.jackson.core:jackson-annotations of version 2.21 or later, found "
                    + (found == null ? "none" : found) + " (" + failure
                    + "). Set its version in the build.";
        }
        return "Jackson 3 (tools.jackson.core:jackson-databind) is "
                + (version(DATABIND) == null ? "missing" : "there as " + version(DATABIND))
                + ", com.fasterxml.jackson.core:jackson-annotations is "
                + (found == null ? "missing" : "there as " + found) + " (" + failure
                + "). Add both to the build, in the versions that procrastinate-api asks for.";
    }

    /** The class loader's message, or that of the error which made Jackson's initialization fail. */
    private static String missingClass(Throwable failure) {
        StringBuilder messages = new StringBuilder();
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            messages.append(cause.getMessage()).append(' ');
        }
        return messages.toString().replace('.', '/');
    }

    /** The version of an artifact as its jar says, or null if it is missing or says none. */
    private static @Nullable String version(String artifact) {
        String resource = "META-INF/maven/" + artifact + "/pom.properties";
        try (InputStream input = Jackson3.class.getClassLoader().getResourceAsStream(resource)) {
            if (input == null) {
                return null;
            }
            Properties properties = new Properties();
            properties.load(input);
            return properties.getProperty("version");
        } catch (IOException e) {
            return null;
        }
    }

    /** Tried once: a class whose initialization failed says why the first time only. */
    private static final class Loaded {

        static final Optional<String> OBSTACLE = attempt();

        private static Optional<String> attempt() {
            try {
                JacksonCodec.standard();
                return Optional.empty();
            } catch (LinkageError e) {
                return Optional.of(explain(e));
            }
        }
    }
}
