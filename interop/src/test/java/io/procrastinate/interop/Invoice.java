package io.procrastinate.interop;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The arguments of the task {@code billing.archive} of {@code typed_app.py}. */
@SuppressWarnings("ArrayRecordComponent") // bytes are an array
record Invoice(
        @JsonProperty("invoice_id") UUID invoiceId,
        LocalDate day,
        @JsonProperty("sent_at") Instant sentAt,

        @JsonProperty("due_in") @JsonFormat(shape = JsonFormat.Shape.NUMBER)
        Duration dueIn,

        Currency currency,
        @JsonFormat(shape = JsonFormat.Shape.STRING) BigDecimal total,
        List<Long> quantities,
        byte[] pdf,
        @Nullable String note) {

    enum Currency {
        EUR,
        USD
    }
}
