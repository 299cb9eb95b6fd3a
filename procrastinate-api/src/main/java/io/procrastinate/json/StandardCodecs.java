package io.procrastinate.json;

import io.procrastinate.exception.SettingsException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;

/** Chooses the codec of an app that was given none. */
final class StandardCodecs {

    /** A loader whose files cannot be read fails for ever. */
    private static final int MOST_FAILURES = 100;

    private StandardCodecs() {}

    static JsonCodec choose() {
        JsonCodecProvider first = new Jackson3();
        Optional<String> obstacle = first.obstacle();
        if (obstacle.isEmpty()) {
            return first.create();
        }
        List<String> failures = new ArrayList<>();
        List<JsonCodecProvider> providers = find(failures);
        List<String> obstacles = new ArrayList<>(List.of(obstacle.get()));
        for (JsonCodecProvider provider : providers) {
            Optional<String> other = provider.obstacle();
            if (other.isEmpty()) {
                return provider.create();
            }
            obstacles.add(other.get());
        }
        obstacles.addAll(failures);
        throw new SettingsException(
                "No JSON library can be used for the arguments of jobs. " + String.join(" ", obstacles)
                        + " Or add procrastinate-json-jackson2 to the build, which uses Jackson 2; or give the app a codec"
                        + " of your own: App.builder().jsonCodec(...).",
                null);
    }

    private static List<JsonCodecProvider> find(List<String> failures) {
        Map<Class<?>, JsonCodecProvider> found = new LinkedHashMap<>();
        ClassLoader own = StandardCodecs.class.getClassLoader();
        ClassLoader context = Thread.currentThread().getContextClassLoader();
        if (context != null && context != own) {
            load(ServiceLoader.load(JsonCodecProvider.class, context), found, failures);
        }
        load(ServiceLoader.load(JsonCodecProvider.class, own), found, failures);
        return found.values().stream()
                .sorted(Comparator.comparing(JsonCodecProvider::name))
                .toList();
    }

    private static void load(
            ServiceLoader<JsonCodecProvider> loader, Map<Class<?>, JsonCodecProvider> found, List<String> failures) {
        Iterator<JsonCodecProvider> providers = loader.iterator();
        while (failures.size() < MOST_FAILURES) {
            try {
                if (!providers.hasNext()) {
                    return;
                }
                JsonCodecProvider provider = providers.next();
                found.putIfAbsent(provider.getClass(), provider);
            } catch (ServiceConfigurationError | LinkageError e) {
                failures.add("A provider of codecs could not be loaded: " + e + ".");
            }
        }
    }
}
