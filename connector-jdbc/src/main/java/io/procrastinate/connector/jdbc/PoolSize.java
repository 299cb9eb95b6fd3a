package io.procrastinate.connector.jdbc;

import java.lang.reflect.Method;
import java.sql.SQLException;
import java.util.List;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds out how many connections a pool gives at most: JDBC has no method for that, but pools have. */
final class PoolSize {

    private static final Logger LOGGER = LoggerFactory.getLogger(PoolSize.class);

    /** Pools, and the getters that lead to their sizes. */
    private static final List<Known> POOLS = List.of(
            new Known("com.zaxxer.hikari.HikariDataSource", "getMaximumPoolSize"),
            new Known("org.apache.commons.dbcp2.BasicDataSource", "getMaxTotal"),
            new Known("org.apache.tomcat.jdbc.pool.DataSource", "getMaxActive"),
            new Known("com.mchange.v2.c3p0.ComboPooledDataSource", "getMaxPoolSize"),
            new Known("io.agroal.api.AgroalDataSource", "getConfiguration", "connectionPoolConfiguration", "maxSize"),
            new Known("com.alibaba.druid.pool.DruidDataSource", "getMaxActive"),
            new Known("oracle.ucp.jdbc.PoolDataSource", "getMaxPoolSize"),
            new Known("org.postgresql.ds.PGPoolingDataSource", "getMaxConnections"));

    private PoolSize() {}

    /** How many connections a data source gives at most, or null if that is unknown or unlimited. */
    static @Nullable Integer of(DataSource dataSource) {
        for (Known pool : POOLS) {
            Integer size = pool.sizeOf(dataSource);
            if (size != null) {
                return size > 0 ? size : null;
            }
        }
        return null;
    }

    private record Known(String type, List<String> getters) {

        Known(String type, String... getters) {
            this(type, List.of(getters));
        }

        @Nullable
        Integer sizeOf(DataSource dataSource) {
            try {
                Class<?> pool = Class.forName(type, false, dataSource.getClass().getClassLoader());
                if (!pool.isInstance(dataSource) && !dataSource.isWrapperFor(pool)) {
                    return null;
                }
                Object value = pool.isInstance(dataSource) ? dataSource : dataSource.unwrap(pool);
                Class<?> declared = pool;
                for (String getter : getters) {
                    Method method = declared.getMethod(getter);
                    value = method.invoke(value);
                    declared = method.getReturnType();
                }
                return value instanceof Integer size ? size : null;
            } catch (ClassNotFoundException e) {
                return null; // not one of this application's pools
            } catch (ReflectiveOperationException | SQLException | RuntimeException | LinkageError e) {
                LOGGER.debug("The size of the pool {} is unknown", type, e);
                return null;
            }
        }
    }
}
