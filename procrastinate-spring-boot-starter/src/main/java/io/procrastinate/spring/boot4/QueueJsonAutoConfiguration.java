package io.procrastinate.spring.boot4;

import io.procrastinate.json.JacksonCodec;
import io.procrastinate.json.JsonCodec;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;
import tools.jackson.databind.json.JsonMapper;

/** Arguments become JSON as the application's own mapper writes it. */
@AutoConfiguration(
        beforeName = "io.procrastinate.spring.ProcrastinateAutoConfiguration",
        afterName = "org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration")
@ConditionalOnProperty(
        name = {"procrastinate.enabled", "procrastinate.json.use-application-mapper"},
        matchIfMissing = true)
class QueueJsonAutoConfiguration {

    @Bean
    @ConditionalOnSingleCandidate(JsonMapper.class)
    @ConditionalOnMissingBean
    JsonCodec procrastinateJsonCodec(JsonMapper mapper) {
        return JacksonCodec.of(mapper);
    }
}
