package io.procrastinate.examples;

import io.procrastinate.App;
import io.procrastinate.task.Task;
import java.util.function.Consumer;

/** Locks: jobs that must not run at the same time, and jobs that need not wait twice. */
final class Accounts {

    record Booking(String account, int amount) {}

    record Statement(String account) {}

    private final Task<Booking> book;
    private final Task<Statement> print;

    Accounts(App app, Consumer<Booking> ledger) {
        book = app.task("book", Booking.class).run(ledger::accept);
        print = app.task("print", Statement.class).call(args -> "statement of " + args.account());
    }

    /** The jobs of one account run one at a time, in order; those of different accounts side by side. */
    void book(String account, int amount) {
        book.configure().lock(account).defer(new Booking(account, amount));
    }

    /** Prints a statement, unless one is waiting to be printed already. */
    boolean print(String account) {
        return print.configure()
                .queueingLock("print " + account)
                .deferUnlessWaiting(new Statement(account))
                .isPresent();
    }
}
