package io.procrastinate.connector.r2dbc;

import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import reactor.netty.resources.LoopResources;

/**
 * The event loops with the sockets that were opened on them, which can be closed at any time, whatever the driver waits
 * for. Thread-safe.
 */
final class Sockets implements LoopResources {

    private final LoopResources loops;
    private final Set<Channel> open = ConcurrentHashMap.newKeySet();

    Sockets(LoopResources loops) {
        this.loops = loops;
    }

    @Override
    public EventLoopGroup onClient(boolean useNative) {
        return loops.onClient(false);
    }

    @Override
    public EventLoopGroup onServer(boolean useNative) {
        return loops.onServer(false);
    }

    @Override
    public EventLoopGroup onServerSelect(boolean useNative) {
        return loops.onServerSelect(false);
    }

    @Override
    public <C extends Channel> C onChannel(Class<C> type, EventLoopGroup group) {
        C channel = loops.onChannel(type, group);
        channel.pipeline().addLast(new LeanStartup());
        open.add(channel);
        channel.closeFuture().addListener(ended -> open.remove(channel));
        return channel;
    }

    /** The first socket that is open, which is the connection's once it is made. */
    @Nullable
    Channel first() {
        return open.stream().findFirst().orElse(null);
    }

    /** Closes all sockets; the future completes when they are closed. */
    Future<@Nullable Void> close() {
        List<Channel> closing = List.copyOf(open);
        closing.forEach(Sockets::close);
        return Future.join(
                closing.stream().<CompletableFuture<?>>map(Sockets::ended).toList());
    }

    private static void close(Channel channel) {
        if (channel.isRegistered()) {
            channel.eventLoop().execute(() -> channel.unsafe().close(channel.newPromise()));
        }
    }

    private static CompletableFuture<?> ended(Channel channel) {
        CompletableFuture<@Nullable Void> ended = new CompletableFuture<>();
        if (channel.isRegistered()) {
            channel.closeFuture().addListener(done -> ended.complete(null));
        } else {
            ended.complete(null);
        }
        return ended;
    }
}
