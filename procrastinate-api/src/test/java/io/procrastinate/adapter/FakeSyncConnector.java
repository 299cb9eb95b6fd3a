package io.procrastinate.adapter;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.ReservedConnection;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.exception.AppNotOpenException;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** A synchronous connector without a database, which keeps what it was asked. */
class FakeSyncConnector implements SyncConnector {

    static final Row ROW = Row.columns(List.of("one")).row(1L);

    final List<String> calls = new CopyOnWriteArrayList<>();
    final List<Thread> threads = new CopyOnWriteArrayList<>();
    private final String name;
    private volatile boolean open;
    private volatile @Nullable RuntimeException failure;

    FakeSyncConnector(String name) {
        this.name = name;
    }

    /** Lets every further call fail. */
    void fail(@Nullable RuntimeException with) {
        failure = with;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.complementOf(EnumSet.of(Capability.LISTEN));
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public void open(@Nullable Object pool) {
        called("open " + pool);
        open = true;
    }

    @Override
    public void close() {
        called("close");
        open = false;
    }

    @Override
    public List<Row> execute(BoundQuery query) {
        if (!open) {
            throw new AppNotOpenException("not open");
        }
        called("execute " + query);
        return List.of(ROW);
    }

    @Override
    public List<Row> execute(BoundQuery query, Object connection) {
        called("execute " + query + " on " + connection);
        return List.of(ROW);
    }

    @Override
    public void runScript(String sql) {
        called("script " + sql);
    }

    @Override
    public ListenSession listen(Collection<String> channels) {
        throw new UnsupportedOperationException("does not listen");
    }

    @Override
    public ReservedConnection reserve() {
        return new ReservedConnection() {
            @Override
            public CompletionStage<List<Row>> execute(BoundQuery query) {
                try {
                    called("reserved " + query);
                    return CompletableFuture.completedFuture(List.of(ROW));
                } catch (RuntimeException e) {
                    return CompletableFuture.failedFuture(e);
                }
            }

            @Override
            public void close() {
                called("give back");
            }
        };
    }

    private void called(String call) {
        calls.add(call);
        threads.add(Thread.currentThread());
        RuntimeException with = failure;
        if (with != null) {
            throw with;
        }
    }
}
