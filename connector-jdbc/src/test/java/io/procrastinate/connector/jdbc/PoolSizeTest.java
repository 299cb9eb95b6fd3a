package io.procrastinate.connector.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import java.lang.reflect.Proxy;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

class PoolSizeTest {

    @Test
    void asksThePoolsThatItKnows() {
        try (HikariDataSource pool = new HikariDataSource()) {
            pool.setMaximumPoolSize(7);
            assertThat(PoolSize.of(pool)).isEqualTo(7);
        }
    }

    @Test
    void looksIntoWhatWrapsAPool() {
        try (HikariDataSource pool = new HikariDataSource()) {
            pool.setMaximumPoolSize(7);
            DataSource wrapper = (DataSource) Proxy.newProxyInstance(
                    getClass().getClassLoader(),
                    new Class<?>[] {DataSource.class},
                    (proxy, method, arguments) -> switch (method.getName()) {
                        case "isWrapperFor" -> ((Class<?>) arguments[0]).isInstance(pool);
                        case "unwrap" -> ((Class<?>) arguments[0]).cast(pool);
                        default -> throw new UnsupportedOperationException(method.getName());
                    });
            assertThat(PoolSize.of(wrapper)).isEqualTo(7);
        }
    }

    @Test
    void doesNotGuess() {
        assertThat(PoolSize.of(new PGSimpleDataSource())).isNull();
    }
}
