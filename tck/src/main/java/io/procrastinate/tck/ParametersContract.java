package io.procrastinate.tck;

import static io.procrastinate.tck.Sql.sql;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ConnectionParameter;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ParameterSupport;
import io.procrastinate.driver.SessionSettings;
import io.procrastinate.driver.StartupRefusal;
import io.procrastinate.exception.ConnectorException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Parameters of URLs, service files and libpq's environment: every connector honours them or refuses them by name. */
@Needs({Capability.SQL, Capability.OWN_POOL})
abstract class ParametersContract extends Contract {

    private static final String NEVER_IGNORED = "No setting is ever ignored.";
    private static final String SENT =
            "What the server sets for each of the connector's own connections, search_path included: names in lower"
                    + " case, values as the server reads them";

    ParametersContract(ConnectorTck tck, Calls calls) {
        super(tck, calls);
    }

    @Test
    @Promise(
            of = {Connector.class, ConnectorSettings.class, ParameterSupport.class},
            says = {
                NEVER_IGNORED,
                "Which connection parameters this connector honours when it opens a pool of its own.",
                "It refuses all others with an exception that names this connector and the parameter.",
                "By default it honours none.",
                "if one of them is not accepted; its message names the connector, the parameter, and what to do"
            },
            lookAt = "opening a pool of your own: it begins with parameterSupport().require(name(), settings)")
    void honoursOrRefusesEveryConnectionParameter() {
        ParameterSupport support = create(settings()).parameterSupport();
        for (ConnectionParameter parameter : ConnectionParameter.all()) {
            if (parameter.kind() == ConnectionParameter.Kind.SETTING) {
                continue;
            }
            List<String> values = parameter.values().isEmpty() ? List.of(parameter.example()) : parameter.values();
            for (String value : values) {
                if (!support.accepts(parameter, value)) {
                    assertRefused(parameter, value);
                } else if (parameter.kind() == ConnectionParameter.Kind.LIBPQ) {
                    assertTaken(parameter, value, support.honours(parameter.name()));
                }
            }
        }
    }

    /** A value may require more than this server has; then the driver says so. */
    private void assertTaken(ConnectionParameter parameter, String value, boolean mayAskForMore) {
        Subject subject = closed(with(parameter.name(), value));
        Throwable failure = catchThrowable(() -> subject.open(null));
        if (failure != null) {
            assertThat(mayAskForMore && !parameter.harmless().contains(value))
                    .as("opening with %s=%s may fail: %s", parameter.name(), value, failure)
                    .isTrue();
            assertThat(failure).isInstanceOf(ConnectorException.class).hasMessageNotContaining("cannot honour");
        }
        subject.close();
    }

    private void assertRefused(ConnectionParameter parameter, String value) {
        Subject subject = closed(with(parameter.name(), value));
        assertThat(catchThrowable(() -> subject.open(null)))
                .as("opening with %s=%s, which the connector does not declare", parameter.name(), value)
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("'" + connectorName() + "'")
                .hasMessageContaining("'" + parameter.name() + "'")
                .matches(refusal -> !((ConnectorException) refusal).isTransient(), "is not transient");
        assertThat(subject.isOpen()).isFalse();
    }

    @Test
    @Promise(
            of = ConnectorSettings.class,
            says = {NEVER_IGNORED, SENT},
            lookAt = "settings.variables(): set at start-up, or by a statement if the driver sends values of its own")
    void hasTheServerSetItsVariables() {
        Map<String, String> variables = Map.of(
                "statement_timeout", "54321ms",
                "lock_timeout", "4s",
                "timezone", "Pacific/Chatham",
                "work_mem", "5MB",
                "default_transaction_read_only", "off",
                "acme.note", "two words, a 'quote', a \"name\" and a back\\slash");
        ConnectorSettings.Builder builder = settings().toBuilder();
        variables.forEach(builder::parameter);
        Subject subject =
                opened(builder.parameter("options", "-c enable_sort=off --geqo-threshold=7 -c acme.more=a\\ b")
                        .build());

        variables.forEach(
                (name, value) -> assertThat(shown(subject, name)).as(name).isEqualTo(value));
        assertThat(shown(subject, "enable_sort")).isEqualTo("off");
        assertThat(shown(subject, "geqo_threshold")).isEqualTo("7");
        assertThat(shown(subject, "acme.more")).isEqualTo("a b");
    }

    private static String shown(Subject subject, String variable) {
        return subject.row(sql("SELECT current_setting('" + variable + "') AS value"))
                .text("value");
    }

    @Test
    @Promise(
            of = ConnectorSettings.class,
            says = {NEVER_IGNORED, "the server refuses any of the variables() that it does not know"},
            lookAt = "variables that are sent to the server: its refusal must come out of open")
    void namesAVariableThatTheServerDoesNotKnow() {
        ConnectorSettings unknown = with("no_such_variable", "1");
        Subject subject = closed(unknown);
        assertThat(catchThrowable(() -> subject.open(null)))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("no_such_variable")
                .hasMessageContaining("variables for the server")
                .matches(refusal -> !((ConnectorException) refusal).isTransient(), "is not transient");
        assertThat(subject.isOpen()).isFalse();
    }

    @Test
    @Promise(
            of = ConnectorSettings.class,
            says = {NEVER_IGNORED, SENT},
            lookAt = "the search path: a list of schemas must not become one quoted name")
    void searchesAListOfSchemas() {
        database().run("CREATE SCHEMA \"My Odd, Schema\"");
        for (String name : List.of("search_path", "currentSchema")) {
            assertThat(opened(with(name, "\"My Odd, Schema\" ,Public, pg_catalog"))
                            .row(sql("SELECT array_to_string(current_schemas(false), '|') AS path"))
                            .text("path"))
                    .isEqualTo("My Odd, Schema|public|pg_catalog");
        }
        assertThat(opened(with("options", "--search_path=pg_catalog,public"))
                        .row(sql("SELECT array_to_string(current_schemas(false), '|') AS path"))
                        .text("path"))
                .isEqualTo("pg_catalog|public");
    }

    @Test
    @Promise(
            of = SessionSettings.class,
            says = "Everything works without them, only more slowly: if they are refused, a connector connects"
                    + " without them (see StartupRefusal).",
            lookAt = "StartupRefusal.isOfPooler: connect again, without SessionSettings")
    void connectsThroughAPoolerThatRefusesStartUpParameters() {
        Pooler pooler = keep(Pooler.to(settings()));
        Subject subject = opened(pooler.through(settings()));
        assertThat(subject.row(sql("SELECT 1 AS one")).integer("one")).isOne();
    }

    @Test
    @Promise(
            of = {ConnectorSettings.class, StartupRefusal.class},
            says = {NEVER_IGNORED, "one that says what to do and is not transient"},
            lookAt = "a pooler that refuses what the settings ask for: it must not be left out silently")
    void leavesNoVariableOutForAPooler() {
        Pooler pooler = keep(Pooler.to(settings()));
        ConnectorSettings asking = pooler.through(with("lock_timeout", "7s"));
        Subject subject = closed(asking);
        Throwable refusal = catchThrowable(() -> subject.open(null));
        if (refusal == null) {
            assertThat(shown(subject, "lock_timeout")).isEqualTo("7s");
        } else {
            assertThat(refusal)
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining("lock_timeout")
                    .hasMessageContaining("ignore_startup_parameters")
                    .hasMessageContaining("ALTER ROLE")
                    .matches(failure -> !((ConnectorException) failure).isTransient(), "is not transient");
        }
    }

    private ConnectorSettings with(String name, String value) {
        return settings().toBuilder().sslMode("disable").parameter(name, value).build();
    }
}
