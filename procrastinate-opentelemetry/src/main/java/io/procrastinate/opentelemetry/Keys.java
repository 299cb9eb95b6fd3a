package io.procrastinate.opentelemetry;

import io.opentelemetry.api.common.AttributeKey;

/** The attributes: OpenTelemetry's for messaging, and our own. */
final class Keys {

    static final AttributeKey<String> SYSTEM = AttributeKey.stringKey("messaging.system");
    static final AttributeKey<String> OPERATION_NAME = AttributeKey.stringKey("messaging.operation.name");
    static final AttributeKey<String> OPERATION_TYPE = AttributeKey.stringKey("messaging.operation.type");
    static final AttributeKey<String> DESTINATION = AttributeKey.stringKey("messaging.destination.name");
    static final AttributeKey<String> MESSAGE_ID = AttributeKey.stringKey("messaging.message.id");
    static final AttributeKey<Long> MESSAGE_COUNT = AttributeKey.longKey("messaging.batch.message_count");
    static final AttributeKey<String> CLIENT_ID = AttributeKey.stringKey("messaging.client.id");
    static final AttributeKey<String> SERVER_ADDRESS = AttributeKey.stringKey("server.address");
    static final AttributeKey<Long> SERVER_PORT = AttributeKey.longKey("server.port");
    static final AttributeKey<String> ERROR_TYPE = AttributeKey.stringKey("error.type");
    static final AttributeKey<String> TASK = AttributeKey.stringKey("procrastinate.task.name");
    static final AttributeKey<Long> ATTEMPT = AttributeKey.longKey("procrastinate.job.attempt");
    static final AttributeKey<Long> PRIORITY = AttributeKey.longKey("procrastinate.job.priority");
    static final AttributeKey<String> LOCK = AttributeKey.stringKey("procrastinate.lock");
    static final AttributeKey<String> QUEUEING_LOCK = AttributeKey.stringKey("procrastinate.queueing_lock");
    static final AttributeKey<String> OUTCOME = AttributeKey.stringKey("procrastinate.outcome");
    static final AttributeKey<Long> WAITED = AttributeKey.longKey("procrastinate.waited_ms");
    static final AttributeKey<Boolean> PERIODIC = AttributeKey.booleanKey("procrastinate.periodic");

    private Keys() {}
}
