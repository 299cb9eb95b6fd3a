package io.procrastinate.tck;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorProvider;
import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.ParameterType;
import io.procrastinate.connector.ReservedConnection;
import io.procrastinate.connector.Subscription;
import io.procrastinate.connector.SyncConnector;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The promises quote the interface's Javadoc exactly, and leave out no sentence. */
@Tag("kit")
class SentencesTest {

    private static final Path SOURCES = Path.of("..", "procrastinate-api", "src", "main", "java");
    /** Stands where one comment, or one tag of a comment, ends. */
    private static final String BREAK = " \u00b6 ";

    private static final Pattern COMMENT = Pattern.compile("/\\*\\*(.*?)\\*/", Pattern.DOTALL);

    /** Why no test quotes a sentence: it defines a term, or binds someone other than the connector. */
    private static final Map<String, String> NO_PROMISE = Map.ofEntries(
            entry("A way to reach PostgreSQL", "is a definition"),
            entry("Thread-safe", "checked by the order of the statements"),
            entry("Returns this connector", "checked by the counterpart's sentence"),
            entry("A connection that listens", "is a definition"),
            entry("A running AsyncConnector.listen", "is a definition"),
            entry("Receives the events of a Subscription", "is a definition"),
            entry("Notifications sent while it was not listening are lost", "addresses the listener"),
            entry("why", "names a parameter"),
            entry("What a connector may be able to do", "is a definition"),
            entry("All are present unless", "about documentation"),
            entry("What is absent is refused", "asserted wherever a capability is absent"),
            entry("A connector without it knows only", "asserted wherever the capability is absent"),
            entry("if the connector cannot listen at all", "asserted wherever the capability is absent"),
            entry("if the connection cannot be made", "checked while reconnecting, through the subscription"),
            entry(
                    "Creating a provider and asking for its name",
                    "needs a class path without the driver: the api's tests"),
            entry("Among connectors of the same kind", "about the selection: the api's tests"),
            entry("One that cannot never becomes", "about the selection: the api's tests"),
            entry("The two kinds of connectors", "about the selection: the api's tests"),
            entry("The types that a parameter may have", "is a definition"),
            entry("The name of the type in SQL", "about the enum itself"),
            entry("The placeholder with a cast", "about the enum itself"));

    static Stream<Method> tests() {
        return Arrays.stream(ConnectorTck.class.getDeclaredClasses())
                .map(Class::getSuperclass)
                .flatMap(theme -> Arrays.stream(theme.getDeclaredMethods()))
                .filter(method -> method.isAnnotationPresent(Test.class));
    }

    @ParameterizedTest
    @MethodSource("tests")
    void everyTestQuotesWhatTheJavadocSays(Method test) {
        Promise promise = test.getAnnotation(Promise.class);
        assertThat(promise).as("the promise that the test checks").isNotNull();
        assertThat(promise.lookAt()).isNotBlank();
        String said = Arrays.stream(promise.of())
                .map(SentencesTest::javadoc)
                .collect(Collectors.joining(" "))
                .replace(BREAK, " ")
                .replaceAll("\\s+", " ");
        assertThat(Arrays.asList(promise.says()))
                .isNotEmpty()
                .allSatisfy(sentence -> assertThat(said).contains(sentence));
    }

    @ParameterizedTest
    @ValueSource(
            classes = {
                Connector.class,
                SyncConnector.class,
                AsyncConnector.class,
                ListenSession.class,
                Subscription.class,
                NotificationListener.class,
                Notification.class,
                ConnectorProvider.class,
                Capability.class,
                ReservedConnection.class,
                ParameterType.class
            })
    void everySentenceIsQuotedByATest(Class<?> type) {
        String quoted = tests().map(test -> test.getAnnotation(Promise.class))
                .flatMap(promise -> Arrays.stream(promise.says()))
                .collect(Collectors.joining(" | "));
        List<String> untested = sentences(type)
                .filter(sentence -> !quoted.contains(sentence)
                        && NO_PROMISE.keySet().stream().noneMatch(sentence::startsWith))
                .toList();
        assertThat(untested)
                .as("sentences of " + type.getSimpleName() + " without a test")
                .isEmpty();
    }

    private static Stream<String> sentences(Class<?> type) {
        return Pattern.compile("(?<=\\.)\\s+(?=[A-Z])|" + BREAK)
                .splitAsStream(javadoc(type))
                .map(sentence -> sentence.replaceAll("\\.$", "").strip())
                .filter(sentence -> !sentence.isEmpty());
    }

    /** All documentation comments of a type, as a reader sees them. */
    private static String javadoc(Class<?> type) {
        Matcher comments = COMMENT.matcher(source(type));
        return comments.results().map(comment -> plain(comment.group(1))).collect(Collectors.joining(BREAK));
    }

    private static String source(Class<?> type) {
        try {
            return Files.readString(SOURCES.resolve(type.getName().replace('.', '/') + ".java"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String plain(String comment) {
        return comment.replaceAll("(?m)^\\s*\\*+", " ")
                .replaceAll("\\{@(?:link|linkplain) [^\\s}(]+(?:\\([^)]*\\))?\\s+([^}]+)}", "$1")
                .replaceAll("\\{@(?:code|link|linkplain|value) ([^}]*)}", "$1")
                .replaceAll("\\bio\\.procrastinate\\.[a-z.]*\\b(?=[A-Z])", "")
                .replaceAll("(?<![\\w)])#", "")
                .replaceAll("(\\w)#(\\w)", "$1.$2")
                .replaceAll("</?p>", " ")
                .replaceAll("@(?:param|throws) \\S+|@return|@hidden", BREAK)
                .replaceAll("\\s+", " ");
    }
}
