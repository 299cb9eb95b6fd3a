package io.procrastinate.connector.vertx;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.InternetProtocolFamily;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.transport.Transport;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The NIO transport, with sockets that close on request. The driver closes a connection by sending a terminate message,
 * shutting its output, and waiting for the server to hang up: on a half-open connection that takes for ever, and it
 * keeps the whole Vertx from closing.
 */
final class PromptTransport implements Transport, io.vertx.core.spi.transport.Transport {

    private final io.vertx.core.spi.transport.Transport nio = Transport.NIO.implementation();
    private final Set<Channel> open = ConcurrentHashMap.newKeySet();

    /** Closes every socket, whatever it waits for; the future completes when all are closed. */
    Future<?> closeSockets() {
        List<Future<?>> closing = new ArrayList<>();
        for (Channel channel : open) {
            if (channel.isRegistered()) {
                Promise<Void> closed = Promise.promise();
                channel.closeFuture().addListener(done -> closed.complete());
                channel.eventLoop().execute(() -> channel.unsafe().close(channel.newPromise()));
                closing.add(closed.future());
            }
        }
        return Future.join(closing);
    }

    @Override
    public ChannelFactory<? extends Channel> channelFactory(boolean domainSocket) {
        return domainSocket ? nio.channelFactory(true) : this::newSocket;
    }

    private Channel newSocket() {
        PromptSocket socket = new PromptSocket();
        open.add(socket);
        socket.closeFuture().addListener(closed -> open.remove(socket));
        return socket;
    }

    @Override
    public String name() {
        return NIO.name();
    }

    @Override
    public boolean available() {
        return true;
    }

    @Override
    public @Nullable Throwable unavailabilityCause() {
        return null;
    }

    @Override
    public io.vertx.core.spi.transport.Transport implementation() {
        return this;
    }

    @Override
    public IoHandlerFactory ioHandlerFactory() {
        return nio.ioHandlerFactory();
    }

    @Override
    public DatagramChannel datagramChannel() {
        return nio.datagramChannel();
    }

    @Override
    @SuppressWarnings("deprecation") // the transport defines the signature
    public DatagramChannel datagramChannel(InternetProtocolFamily family) {
        return nio.datagramChannel(family);
    }

    @Override
    public ChannelFactory<? extends ServerChannel> serverChannelFactory(boolean domainSocket) {
        return nio.serverChannelFactory(domainSocket);
    }

    /** Only the driver's closing shuts the output of a socket. */
    private static final class PromptSocket extends NioSocketChannel {

        @Override
        public ChannelFuture shutdownOutput() {
            ChannelPromise closed = newPromise();
            eventLoop().execute(() -> unsafe().close(closed));
            return closed;
        }
    }
}
