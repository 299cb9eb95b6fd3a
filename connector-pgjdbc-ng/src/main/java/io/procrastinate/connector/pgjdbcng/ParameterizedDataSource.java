package io.procrastinate.connector.pgjdbcng;

import com.impossibl.postgres.jdbc.JDBCSettings;
import com.impossibl.postgres.jdbc.PGDataSource;
import com.impossibl.postgres.system.SystemSettings;
import io.procrastinate.connector.ConnectionParameter;
import io.procrastinate.connector.ParameterSupport;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;

/** The driver's data source, with the parameters that it has no method for, by the driver's own names. */
final class ParameterizedDataSource extends PGDataSource {

    /** The driver's first name for each parameter, by all of its names. */
    private static final Map<String, String> NAMES = names();

    /** libpq's parameters that the driver has too. */
    private static final Map<String, String> OF_LIBPQ = Map.of(
            "sslrootcert", SystemSettings.SSL_CA_CRT_FILE.getName(),
            "sslcert", SystemSettings.SSL_CRT_FILE.getName(),
            "sslkey", SystemSettings.SSL_KEY_FILE.getName(),
            "sslpassword", SystemSettings.SSL_KEY_PASSWORD.getName());

    /** The driver supports neither keep-alive nor channel binding. */
    static final ParameterSupport SUPPORT = ParameterSupport.NONE
            .withAll(OF_LIBPQ.keySet())
            .with("keepalives", "0")
            .with("channel_binding", "disable")
            .withAll(ConnectionParameter.all().stream()
                    .filter(parameter -> parameter.kind() == ConnectionParameter.Kind.DRIVER)
                    .map(ConnectionParameter::name)
                    .filter(NAMES::containsKey)
                    .toList());

    ParameterizedDataSource(Map<String, String> parameters) {
        parameters.forEach((given, value) -> {
            String name = NAMES.get(OF_LIBPQ.getOrDefault(given, given));
            if (name != null) {
                settings.set(name, value);
            }
        });
    }

    private static Map<String, String> names() {
        Map<String, String> names = new HashMap<>();
        Stream.concat(
                        JDBCSettings.JDBC.getAllSettings().stream(),
                        Stream.concat(
                                SystemSettings.SYS.getAllSettings().stream(),
                                SystemSettings.PROTO.getAllSettings().stream()))
                .forEach(setting -> Stream.of(setting.getNames()).forEach(name -> names.put(name, setting.getName())));
        return Map.copyOf(names);
    }
}
