package io.procrastinate.connector.pgjdbcng;

import com.impossibl.postgres.jdbc.JDBCSettings;
import com.impossibl.postgres.jdbc.PGDataSource;
import com.impossibl.postgres.system.Setting;
import com.impossibl.postgres.system.SystemSettings;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The driver's data source, with the parameters that it has no method for, by the driver's own names. */
final class ParameterizedDataSource extends PGDataSource {

    private static final Logger LOGGER = LoggerFactory.getLogger(ParameterizedDataSource.class);

    private static final Set<String> KNOWN = Stream.concat(
                    JDBCSettings.JDBC.getAllSettings().stream(), SystemSettings.SYS.getAllSettings().stream())
            .map(Setting::getName)
            .collect(Collectors.toUnmodifiableSet());

    /** Parameters that libpq spells in its own way. */
    private static final Map<String, String> LIBPQ = Map.of(
            "sslrootcert", SystemSettings.SSL_CA_CRT_FILE.getName(),
            "sslcert", SystemSettings.SSL_CRT_FILE.getName(),
            "sslkey", SystemSettings.SSL_KEY_FILE.getName());

    ParameterizedDataSource(Map<String, String> parameters) {
        parameters.forEach((given, value) -> {
            String name = LIBPQ.getOrDefault(given, given);
            if (KNOWN.contains(name)) {
                settings.set(name, value);
            } else {
                LOGGER.warn("The driver pgjdbc-ng does not know the parameter '{}': it is ignored", name);
            }
        });
    }
}
