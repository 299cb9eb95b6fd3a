/** What applications use, and the interface that connectors implement. */
module io.procrastinate.api {
    requires transitive java.sql;
    requires transitive org.jspecify;
    requires org.slf4j;
    requires transitive tools.jackson.databind;

    exports io.procrastinate;
    exports io.procrastinate.adapter;
    exports io.procrastinate.annotation;
    exports io.procrastinate.connector;
    exports io.procrastinate.driver;
    exports io.procrastinate.exception;
    exports io.procrastinate.job;
    exports io.procrastinate.json;
    exports io.procrastinate.memory;
    exports io.procrastinate.monitor;
    exports io.procrastinate.periodic;
    exports io.procrastinate.retry;
    exports io.procrastinate.schema;
    exports io.procrastinate.task;
    exports io.procrastinate.text;
    exports io.procrastinate.worker;

    // Its resources are the schema, which migration tools read.
    opens io.procrastinate.schema;

    uses io.procrastinate.connector.ConnectorProvider;
    uses io.procrastinate.json.JsonCodecProvider;
}
