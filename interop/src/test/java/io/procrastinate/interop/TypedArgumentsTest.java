package io.procrastinate.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.procrastinate.interop.Invoice.Currency;
import io.procrastinate.task.Task;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Dates, identifiers, decimals and the like, by the conventions of docs/sharing-queues-with-python.md. */
class TypedArgumentsTest {

    private static final Invoice FROM_PYTHON = new Invoice(
            UUID.fromString("01234567-89ab-cdef-0123-456789abcdef"),
            LocalDate.of(2026, 2, 28),
            Instant.parse("2026-03-01T10:30:05.123456Z"),
            Duration.ofDays(14).plusMillis(500),
            Currency.USD,
            new BigDecimal("1234567890123456789.10"),
            List.of(1L, 9007199254740993L),
            new byte[] {0, 127, -128, -1},
            null);

    private static final Invoice FROM_JAVA = new Invoice(
            UUID.fromString("fedcba98-7654-3210-fedc-ba9876543210"),
            LocalDate.of(2024, 2, 29),
            Instant.parse("2026-12-31T23:59:59.000001Z"),
            Duration.ofSeconds(90),
            Currency.EUR,
            new BigDecimal("0.10"),
            List.of(),
            new byte[] {},
            "ü");

    private final BlockingQueue<Invoice> received = new LinkedBlockingQueue<>();

    @ParameterizedTest
    @EnumSource
    void typedArgumentsArriveFromPython(PythonRelease release) throws Exception {
        try (SharedQueue queue = SharedQueue.ofJava(release)) {
            startJava(queue);

            queue.keep(release.python(
                    queue.settings(),
                    PythonRelease.SOURCES.resolve("typed_app.py").toString(),
                    "defer"));

            assertReceived(FROM_PYTHON);
        }
    }

    @ParameterizedTest
    @EnumSource
    void typedArgumentsArriveInPythonAndComeBackTheSame(PythonRelease release) throws Exception {
        try (SharedQueue queue = SharedQueue.ofJava(release)) {
            Task<Invoice> archive = startJava(queue);
            ChildProcess python = queue.keep(queue.python().startWorker("typed_app.app", WorkerSetup.on("python")));

            long id = archive.configure().queue("python").defer(FROM_JAVA);

            queue.awaitStatus(id, "succeeded");
            assertReceived(FROM_JAVA);
            python.close();
            assertThat(python.output())
                    .contains("(UUID('fedcba98-7654-3210-fedc-ba9876543210'), datetime.date(2024, 2, 29),"
                            + " datetime.datetime(2026, 12, 31, 23, 59, 59, 1, tzinfo=tzutc()),"
                            + " datetime.timedelta(seconds=90), <Currency.EUR: 'EUR'>, Decimal('0.10'), [], b'', 'ü')");
        }
    }

    private Task<Invoice> startJava(SharedQueue queue) {
        App app = App.create(queue.settings());
        Task<Invoice> archive =
                app.task("billing.archive", Invoice.class).queue("java").run(received::add);
        queue.keep(JavaSide.startWorker(
                app, JavaTasks.options(WorkerSetup.on("java")).build()));
        return archive;
    }

    private void assertReceived(Invoice expected) throws InterruptedException {
        Invoice invoice = received.poll(60, TimeUnit.SECONDS);
        assertThat(invoice).isNotNull();
        assertThat(fields(invoice)).isEqualTo(fields(expected));
        assertThat(invoice.pdf()).isEqualTo(expected.pdf());
    }

    private static Map<String, @Nullable Object> fields(Invoice invoice) {
        Map<String, @Nullable Object> fields = new java.util.HashMap<>();
        fields.put("id", invoice.invoiceId());
        fields.put("day", invoice.day());
        fields.put("sentAt", invoice.sentAt());
        fields.put("dueIn", invoice.dueIn());
        fields.put("currency", invoice.currency());
        fields.put("total", invoice.total());
        fields.put("quantities", invoice.quantities());
        fields.put("note", invoice.note());
        return fields;
    }
}
