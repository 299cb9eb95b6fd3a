package io.procrastinate.driver;

import io.procrastinate.connector.ServerVariables;
import java.util.Map;

/**
 * The server settings that a connector gives to the connections of its own pool, unless the application switches off
 * prepared statements, as it does behind a pooler that refuses these settings. Everything works without them, only more
 * slowly: if they are refused, a connector connects without them (see {@link StartupRefusal}).
 *
 * <p>The application's own pool is used as it is. A worker on it that starts while the tables are empty and then gets
 * many jobs at once may be several times slower until the server has analysed the tables. If the pool serves only this
 * library, give its connections these settings.
 */
public final class SessionSettings {

    private static final Map<String, String> ALL = Map.of(
            // For statements as short as ours, compiling costs many times what it saves.
            "jit", "off",
            // Each of our statements has an index to use. Without this setting, a plan made while the tables were
            // empty, even that of a foreign key's check, would go on reading whole tables.
            "enable_seqscan", "off",
            // Planning the longest fetch takes longer than executing it.
            "plan_cache_mode", "force_generic_plan",
            // A warning says that a commit was not confirmed by its standby; a database may be set to send none.
            "client_min_messages", "notice");

    private SessionSettings() {}

    /** The settings by name; {@link ServerVariables} renders them for drivers. */
    public static Map<String, String> parameters() {
        return ALL;
    }
}
