package io.procrastinate.spring.boot3;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.procrastinate.json.JsonCodec;
import io.procrastinate.json.jackson2.Jackson2Codec;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;

/** Arguments become JSON as the application's own mapper writes it. */
@AutoConfiguration(
        beforeName = "io.procrastinate.spring.ProcrastinateAutoConfiguration",
        afterName = "org.springframework.boot.autoconfigure.jackson.JacksonAutoConfiguration")
@ConditionalOnProperty(
        name = {"procrastinate.enabled", "procrastinate.json.use-application-mapper"},
        matchIfMissing = true)
class QueueJsonAutoConfiguration {

    @Bean
    @ConditionalOnSingleCandidate(ObjectMapper.class)
    @ConditionalOnMissingBean
    JsonCodec procrastinateJsonCodec(ObjectMapper mapper) {
        return Jackson2Codec.of(mapper);
    }
}
