package io.procrastinate.connector.dbcp;

import io.procrastinate.connector.ConnectorSettings;
import org.apache.commons.dbcp2.BasicDataSource;

/** The pools of an application with various settings. */
final class Pools {

    private Pools() {}

    static BasicDataSource open(ConnectorSettings settings) {
        BasicDataSource pool = new BasicDataSource();
        pool.setUrl("jdbc:postgresql://" + settings.host() + ":" + settings.port() + "/" + settings.database());
        pool.setUsername(settings.user());
        if (settings.password() != null) {
            pool.setPassword(settings.password());
        }
        pool.addConnectionProperty("ApplicationName", settings.applicationName());
        // Without these the pool waits for ever for a server that does not answer.
        pool.addConnectionProperty(
                "loginTimeout",
                String.valueOf(settings.connectTimeout().plusMillis(999).toSeconds()));
        pool.setValidationQueryTimeout(settings.connectTimeout().plusMillis(999));
        pool.setMaxTotal(settings.poolSize());
        pool.setMaxWait(settings.connectTimeout());
        return pool;
    }
}
