package io.procrastinate.driver;

import io.procrastinate.connector.ServerVariables;
import java.util.Map;

/**
 * The server settings that a connector gives to the connections of its own pool, unless the application asks for prepared
 * statements to be off, as it does behind a pooler that refuses them. Everything works without them; they keep it fast: where they
 * are refused, a connector connects without them (see {@link StartupRefusal}).
 *
 * <p>The application's own pool is used as it is. A worker on it that starts while the tables are empty, and then gets many jobs
 * at once, may be several times slower until the server has analysed the tables. Where the pool serves only this library, give
 * its connections these settings.
 */
public final class SessionSettings {

    private static final Map<String, String> ALL = Map.of(
            // Compiling costs many times what it saves in statements as short as ours.
            "jit", "off",
            // Every statement of ours has an index to use. Without this a plan that was made while the tables were
            // empty,
            // that of a foreign key's check included, reads them from end to end ever after.
            "enable_seqscan", "off",
            // The longest fetch takes longer to plan than to execute.
            "plan_cache_mode", "force_generic_plan");

    private SessionSettings() {}

    /** The settings by name; {@link ServerVariables} has the ways to send them. */
    public static Map<String, String> parameters() {
        return ALL;
    }
}
