package io.procrastinate.tck;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;

/**
 * A port of this machine that no other process gets, whether a server listens on it or not: connections are refused as
 * long as none does.
 */
final class ReservedPort implements AutoCloseable {

    /** Bound, but neither listening nor connected. */
    private final Socket held;

    private ReservedPort(Socket held) {
        this.held = held;
    }

    static ReservedPort take() {
        try {
            Socket held = new Socket();
            held.setReuseAddress(true);
            if (held.supportedOptions().contains(StandardSocketOptions.SO_REUSEPORT)) {
                held.setOption(StandardSocketOptions.SO_REUSEPORT, true);
            }
            held.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            return new ReservedPort(held);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int number() {
        return held.getLocalPort();
    }

    /** Listens, until the socket is closed. */
    ServerSocket listen() throws IOException {
        ServerSocket socket = new ServerSocket();
        socket.setReuseAddress(true);
        if (socket.supportedOptions().contains(StandardSocketOptions.SO_REUSEPORT)) {
            socket.setOption(StandardSocketOptions.SO_REUSEPORT, true);
        }
        socket.bind(held.getLocalSocketAddress());
        return socket;
    }

    @Override
    public void close() {
        try {
            held.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
