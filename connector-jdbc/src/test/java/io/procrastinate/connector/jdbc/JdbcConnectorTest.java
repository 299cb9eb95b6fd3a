package io.procrastinate.connector.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ConnectorProvider;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ParameterType;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.Row;
import io.procrastinate.exception.AppNotOpenException;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.UniqueViolationException;
import io.procrastinate.tck.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.ServiceLoader;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

class JdbcConnectorTest {

    private static final Query VALUES = Query.named("values")
            .parameter("bigint", ParameterType.BIGINT)
            .parameter("integer", ParameterType.INTEGER)
            .parameter("boolean", ParameterType.BOOLEAN)
            .parameter("text", ParameterType.TEXT)
            .parameter("instant", ParameterType.INSTANT)
            .parameter("texts", ParameterType.TEXT_ARRAY)
            .parameter("bigints", ParameterType.BIGINT_ARRAY)
            .parameter("json", ParameterType.JSON)
            .sql("""
                SELECT :bigint AS bigint, :integer AS integer, :boolean AS boolean, :text AS text,
                  :instant AS instant, :texts AS texts, :bigints AS bigints, (:json)::text AS json
                """);

    private final TestDatabase database = TestDatabase.create();
    private final ConnectorSettings settings = database.settings();
    private final RecordingDataSource dataSource = new RecordingDataSource(database.dataSource());
    private final JdbcConnector connector = JdbcConnector.create(settings);

    @BeforeEach
    void createTable() {
        connector.open(dataSource);
        connector.runScript("CREATE TABLE things (id bigint PRIMARY KEY)");
    }

    @AfterEach
    void close() {
        connector.close();
        assertThat(dataSource.open()).as("connections that were not given back").isZero();
        database.close();
    }

    @Test
    void isRegistered() {
        assertThat(ServiceLoader.load(ConnectorProvider.class)).singleElement().satisfies(provider -> {
            assertThat(provider.name()).isEqualTo("jdbc");
            assertThat(provider.create(ConnectorSettings.defaults()).capabilities())
                    .doesNotContain(Capability.OWN_POOL);
            assertThat(provider.create(settings).name()).isEqualTo("jdbc");
        });
    }

    @Test
    void carriesEveryTypeThereAndBack() {
        Instant instant = Instant.parse("2024-02-29T12:34:56.123456Z");
        BoundQuery query = VALUES.bind()
                .set("bigint", Long.MIN_VALUE)
                .set("integer", -1)
                .set("boolean", true)
                .set("text", "ä\"'\\{}🎉")
                .set("instant", instant.plusNanos(999))
                .set("texts", Arrays.asList("a,b", null, "", "NULL", "\"\\"))
                .set("bigints", Arrays.asList(1L, null, Long.MAX_VALUE))
                .set("json", "{\"number\": 12345678901234567890.123}")
                .build();

        Row row = connector.execute(query).get(0);

        assertThat(row.bigint("bigint")).isEqualTo(Long.MIN_VALUE);
        assertThat(row.integer("integer")).isEqualTo(-1);
        assertThat(row.bool("boolean")).isTrue();
        assertThat(row.text("text")).isEqualTo("ä\"'\\{}🎉");
        assertThat(row.instantOrNull("instant")).isEqualTo(instant);
        assertThat(row.textsOrNull("texts")).containsExactly("a,b", null, "", "NULL", "\"\\");
        assertThat(row.bigintsOrNull("bigints")).containsExactly(1L, null, Long.MAX_VALUE);
        assertThat(row.text("json")).isEqualTo("{\"number\": 12345678901234567890.123}");
    }

    @Test
    void carriesNullsOfEveryType() {
        BoundQuery.Binder binder = VALUES.bind();
        VALUES.parameters().keySet().forEach(parameter -> binder.set(parameter, null));

        Row row = connector.execute(binder.build()).get(0);

        assertThat(row.columnNames())
                .allSatisfy(column -> assertThat(row.value(column)).isNull());
    }

    @Test
    void readsInfinityAndOtherTypes() {
        Row row = select("SELECT 'infinity'::timestamptz AS top, '-infinity'::timestamptz AS bottom,"
                + " 2::smallint AS small, 1.5::double precision AS double, 'x'::varchar AS varchar");

        assertThat(row.instantOrNull("top")).isEqualTo(Instant.MAX);
        assertThat(row.instantOrNull("bottom")).isEqualTo(Instant.MIN);
        assertThat(row.integer("small")).isEqualTo(2);
        assertThat(row.value("double")).isEqualTo(1.5);
        assertThat(row.text("varchar")).isEqualTo("x");
    }

    @Test
    void returnsNoRowsWhereTheStatementReturnsNone() {
        assertThat(connector.execute(query("INSERT INTO things VALUES (1)"))).isEmpty();
        assertThat(connector.execute(query("SELECT id FROM things WHERE id < 0")))
                .isEmpty();
        assertThat(connector.execute(query("SELECT generate_series(1, 5000) AS n")))
                .hasSize(5000);
    }

    @Test
    void commitsAndRollsBackOnConnectionsWithoutAutocommit() {
        dataSource.autoCommit(false);

        connector.execute(query("INSERT INTO things VALUES (1)"));
        assertThatThrownBy(() -> connector.execute(query("INSERT INTO things VALUES (2), (1)")))
                .isInstanceOf(UniqueViolationException.class);
        connector.runScript("INSERT INTO things VALUES (3); INSERT INTO things VALUES (4)");

        assertThat(ids()).containsExactly(1L, 3L, 4L);
    }

    @Test
    void namesTheViolatedConstraintOfAnUnknownDriver() {
        connector.execute(query("INSERT INTO things VALUES (1)"));

        assertThatExceptionOfType(UniqueViolationException.class)
                .isThrownBy(() -> connector.execute(query("INSERT INTO things VALUES (1)")))
                .satisfies(e -> assertThat(e.constraint()).isEqualTo("things_pkey"))
                .withMessageContaining("Query test failed")
                .withMessageContaining("23505");
    }

    @Test
    void runsAScriptAllOrNothing() {
        assertThatThrownBy(() -> connector.runScript("INSERT INTO things VALUES (1); SELECT 1/0"))
                .isInstanceOfSatisfying(
                        ConnectorException.class, e -> assertThat(e.sqlState()).isEqualTo("22012"));
        connector.runScript("""
            CREATE OR REPLACE FUNCTION pick(a text) RETURNS text LANGUAGE plpgsql AS $$
            BEGIN
              RETURN a || '?;{d}'; -- it's a "comment";
            END
            $$;
            INSERT INTO things VALUES (2)
            """);

        assertThat(ids()).containsExactly(2L);
        assertThat(select("SELECT pick('a') AS picked").text("picked")).isEqualTo("a?;{d}");
    }

    @Test
    void stopsAStatementAtItsDeadlineAndRestoresTheSocket() throws SQLException {
        BoundQuery slow = Query.named("slow")
                .sql("SELECT pg_sleep(60)")
                .bind()
                .deadline(Duration.ofMillis(10))
                .build();

        assertThatExceptionOfType(ConnectorException.class)
                .isThrownBy(() -> connector.execute(slow))
                .satisfies(e -> assertThat(e.sqlState()).isEqualTo("57014"))
                .satisfies(e -> assertThat(e.isTransient()).isTrue());
        assertThat(dataSource.lastNetworkTimeout()).isZero();
    }

    @Test
    void joinsTheCallersTransactionAndLeavesItsSettings() throws SQLException {
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            connector.execute(query("INSERT INTO things VALUES (1)"), connection);
            assertThat(ids()).isEmpty();
            assertThat(connection.getAutoCommit()).isFalse();
            assertThat(connection.getNetworkTimeout()).isZero();
            connection.commit();
        }
        assertThat(ids()).containsExactly(1L);
    }

    @Test
    void refusesOtherConnectionsAndPoolsByName() {
        assertThatThrownBy(() -> connector.execute(query("SELECT 1"), "a text"))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("does not support external connections")
                .hasMessageContaining("java.lang.String")
                .hasMessageContaining("java.sql.Connection");
        connector.close();
        assertThatThrownBy(() -> connector.open("a text"))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("java.lang.String")
                .hasMessageContaining("javax.sql.DataSource");
        assertThatThrownBy(() -> connector.open(null))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("app.open(dataSource)");
        assertThat(connector.isOpen()).isFalse();
    }

    @Test
    void refusesToListen() {
        assertThat(connector.capabilities()).doesNotContain(Capability.LISTEN, Capability.OWN_POOL);
        assertThatThrownBy(() -> connector.listen(List.of("a")))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("'jdbc' cannot listen");
    }

    @Test
    void isNotOpenBeforeOpeningAndAfterClosing() {
        connector.close();

        assertThatThrownBy(() -> connector.execute(query("SELECT 1")))
                .isInstanceOf(AppNotOpenException.class)
                .hasMessageContaining("app.open()")
                .hasMessageContaining("app.runWorker()");

        connector.open(dataSource);
        assertThat(select("SELECT 1 AS one").integer("one")).isEqualTo(1);
    }

    @Test
    void executesOnAnInterruptedThreadWhichStaysInterrupted() {
        Thread.currentThread().interrupt();

        Row row = select("SELECT 1 AS one");

        assertThat(Thread.interrupted()).isTrue();
        assertThat(row.integer("one")).isEqualTo(1);
    }

    @Test
    void keepsTheInterruptOfAWaitForAConnectionAwayFromTheStatement() {
        dataSource.interruptNextBorrower();

        Row row = select("SELECT 1 AS one");

        assertThat(Thread.interrupted()).isTrue();
        assertThat(row.integer("one")).isEqualTo(1);
        assertThat(dataSource.sawInterrupt())
                .as("an interrupt that would cost a virtual thread its connection")
                .isFalse();
    }

    @Test
    void keepsAnInterruptAwayFromTheCallersConnection() throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            Thread.currentThread().interrupt();
            List<Row> rows = connector.execute(query("SELECT 1 AS one"), connection);

            assertThat(Thread.interrupted()).isTrue();
            assertThat(rows).hasSize(1);
            assertThat(dataSource.sawInterrupt()).isFalse();
        }
    }

    @Test
    void tellsErrorsAndKeepsConnectionsWhereThePoolDoesNotUnwrap() throws SQLException {
        dataSource.keepWrapped();
        connector.execute(query("INSERT INTO things VALUES (1)"));

        assertThatThrownBy(() -> connector.execute(query("INSERT INTO things VALUES (1)")))
                .isInstanceOf(UniqueViolationException.class);
        try (Connection connection = dataSource.getConnection()) {
            assertThatThrownBy(() -> connector.execute(query("INSERT INTO things VALUES (1)"), connection))
                    .isInstanceOf(UniqueViolationException.class);
        }
        assertThat(dataSource.aborted()).isZero();
    }

    @Test
    void nobodyGetsAConnectionAgainOnWhichAnErrorWasThrown() {
        dataSource.failNext(new StackOverflowError());

        assertThatThrownBy(() -> select("SELECT 1 AS one")).isInstanceOf(StackOverflowError.class);

        assertThat(dataSource.aborted()).isOne();
    }

    @Test
    void givesBackABrokenConnectionClosed() {
        assertThatExceptionOfType(ConnectorException.class)
                .isThrownBy(() -> connector.execute(query("SELECT pg_terminate_backend(pg_backend_pid())")))
                .satisfies(e -> assertThat(e.sqlState()).isEqualTo("57P01"))
                .satisfies(e -> assertThat(e.isTransient()).isTrue());
        assertThat(dataSource.open()).isZero();
        assertThat(select("SELECT 1 AS one").integer("one")).isEqualTo(1);
    }

    @Test
    void failsToOpenOnADataSourceThatLeadsNowhere() {
        PGSimpleDataSource nobody = new PGSimpleDataSource();
        nobody.setURL("jdbc:postgresql://" + settings.target() + "?user=nobody");
        DataSource nowhere = new RecordingDataSource(nobody);
        connector.close();

        assertThatExceptionOfType(ConnectorException.class)
                .isThrownBy(() -> connector.open(nowhere))
                .satisfies(e -> assertThat(e.sqlState()).isEqualTo("28000"));
        assertThat(connector.isOpen()).isFalse();
    }

    private Row select(String sql) {
        return connector.execute(query(sql)).get(0);
    }

    private List<Long> ids() {
        return connector.execute(query("SELECT id FROM things ORDER BY id")).stream()
                .map(row -> row.bigint("id"))
                .toList();
    }

    private static BoundQuery query(String sql) {
        return Query.named("test").sql(sql).bind().build();
    }
}
