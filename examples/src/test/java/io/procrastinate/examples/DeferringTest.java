package io.procrastinate.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.App;
import io.procrastinate.exception.AlreadyEnqueuedException;
import io.procrastinate.exception.InvalidJobException;
import io.procrastinate.exception.TaskNotFoundException;
import io.procrastinate.job.Job;
import io.procrastinate.memory.InMemoryConnector;
import io.procrastinate.task.JobDeferrer;
import io.procrastinate.task.Task;
import java.time.Duration;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The code of the pages on deferring. */
class DeferringTest {

    private record Mail(String to, String text) {}

    private record Index(String name) {}

    private final InMemoryConnector connector = new InMemoryConnector();
    private final App app = App.builder().connector(connector).build().open();
    private final Task<Mail> send =
            app.task("mail.send", Mail.class).queue("mail").run(mail -> {});
    private final Task<Index> reindex = app.task("reindex", Index.class).run(index -> {});

    @Test
    void aJobHasTheOptionsOfItsTask() {
        long id = send.defer(new Mail("ada@example.com", "Hello"));

        assertThat(job(id))
                .extracting(Job::taskName, Job::queue, Job::args)
                .containsExactly("mail.send", "mail", "{\"to\":\"ada@example.com\",\"text\":\"Hello\"}");
    }

    @Test
    void aDeferralHasOptionsOfItsOwn() {
        long id = send.configure()
                .queue("newsletter")
                .priority(-5)
                .lock("ada@example.com")
                .in(Duration.ofMinutes(10))
                .defer(new Mail("ada@example.com", "News"));

        assertThat(job(id))
                .extracting(Job::queue, Job::priority, Job::lock)
                .containsExactly("newsletter", -5, "ada@example.com");
        assertThat(job(id).scheduledAt()).isNotNull();
    }

    @Test
    void aDeferrerIsKeptAndUsedAgain() {
        JobDeferrer<Mail> newsletter = send.configure().queue("newsletter").priority(-5);
        newsletter.defer(new Mail("ada@example.com", "News"));
        newsletter.defer(new Mail("bob@example.com", "News"));

        assertThat(connector.jobs()).extracting(Job::queue).containsOnly("newsletter");
    }

    @Test
    void aTaskOfAnotherProgramIsDeferredByName() {
        long id = app.externalTask("billing.close_month").queue("billing").defer(Map.of("month", "2026-01"));

        assertThat(job(id)).extracting(Job::taskName, Job::queue).containsExactly("billing.close_month", "billing");
    }

    @Test
    void aNameWithATypingErrorIsRefused() {
        assertThatThrownBy(() -> app.configureTask("mail.sned")).isInstanceOf(TaskNotFoundException.class);
    }

    @Test
    void aStageIsAnsweredWithoutBlocking() {
        CompletionStage<Long> id = send.deferAsync(new Mail("ada@example.com", "Hello"));

        assertThat(id.toCompletableFuture()).isCompletedWithValue(1L);
    }

    @Test
    void aBatchIsOneStatement() {
        List<Mail> mails = List.of(new Mail("ada@example.com", "Hello Ada"), new Mail("bob@example.com", "Hello Bob"));
        List<Long> ids = send.configure().priority(-1).batchDefer(mails);

        assertThat(ids).hasSize(2);
    }

    @Test
    void aBatchMayMixTasksAndOptions() {
        List<Long> ids = app.jobManager()
                .batchDefer(List.of(
                        send.configure().priority(10).job(new Mail("ada@example.com", "Your invoice")),
                        send.configure().in(Duration.ofDays(7)).job(new Mail("ada@example.com", "Satisfied?")),
                        reindex.configure().queueingLock("invoices").job(new Index("invoices"))));

        assertThat(ids).hasSize(3);
        assertThat(connector.jobs()).extracting(Job::priority).containsExactly(10, 0, 0);
    }

    @Test
    void aBatchWithAQueueingLockTwiceInsertsNothing() {
        assertThatThrownBy(() ->
                        reindex.configure().queueingLock("once").batchDefer(List.of(new Index("a"), new Index("b"))))
                .isInstanceOf(AlreadyEnqueuedException.class);

        assertThat(connector.jobs()).isEmpty();
    }

    @Test
    void aJobStartsLater() {
        ZonedDateTime eightOClock = ZonedDateTime.of(2030, 1, 7, 8, 0, 0, 0, ZoneId.of("Europe/Vienna"));
        send.configure().at(eightOClock.toInstant()).defer(new Mail("ada@example.com", "Good morning"));
        send.configure().in(Duration.ofHours(2)).defer(new Mail("bob@example.com", "Still interested?"));

        assertThat(connector.jobs()).extracting(Job::scheduledAt).doesNotContainNull();
        assertThatThrownBy(() -> send.configure().at(eightOClock.toInstant()).in(Duration.ofHours(2)))
                .isInstanceOf(InvalidJobException.class);
    }

    @Test
    void anUrgentJobOvertakes() {
        Task<Mail> newsletter = app.task("mail.newsletter", Mail.class)
                .queue("mail")
                .priority(-10)
                .run(mail -> {});
        newsletter.batchDefer(
                IntStream.range(0, 100).mapToObj(DeferringTest::news).toList());
        send.configure().priority(100).defer(new Mail("ada@example.com", "Your password"));

        assertThat(connector.jobs()).extracting(Job::priority).contains(-10, 100);
    }

    @Test
    void aTakenQueueingLockIsRefusedFoundOrIgnored() {
        long first = reindex.configure().queueingLock("reindex books").defer(new Index("books"));

        JobDeferrer<Index> books = reindex.configure().queueingLock("reindex books");
        long waiting = books.deferOrFind(new Index("books"));
        OptionalLong none = books.deferUnlessWaiting(new Index("books"));
        Optional<String> refused = refusal(books);

        assertThat(waiting).isEqualTo(first);
        assertThat(none).isEmpty();
        assertThat(refused).hasValueSatisfying(text -> assertThat(text).contains("reindex books", "job " + first));
    }

    private static Optional<String> refusal(JobDeferrer<Index> books) {
        try {
            books.defer(new Index("books"));
            return Optional.empty();
        } catch (AlreadyEnqueuedException e) {
            return Optional.of("job " + e.waitingJobId() + " waits with the queueing lock " + e.queueingLock());
        }
    }

    private static Mail news(int reader) {
        return new Mail("reader" + reader + "@example.com", "News");
    }

    private Job job(long id) {
        @Nullable
        Job found = connector.jobs().stream()
                .filter(job -> job.id() == id)
                .findAny()
                .orElse(null);
        assertThat(found).isNotNull();
        return found;
    }
}
