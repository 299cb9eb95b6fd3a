package io.procrastinate.connector.pgjdbc;

import io.procrastinate.annotation.Internal;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.function.BooleanSupplier;
import javax.net.SocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * Makes the sockets of listening connections; public because the driver instantiates it by name.
 *
 * <p>After a notification the driver checks whether another one has arrived by reading with a time-out of a
 * millisecond, the shortest possible, and delivers nothing before that has passed. A socket from this factory answers
 * immediately: anything that arrives later is read the next time.
 *
 * @hidden
 */
@Internal
public final class PromptSocketFactory extends SocketFactory {

    /** For the driver. */
    public PromptSocketFactory() {}

    @Override
    public Socket createSocket() {
        return new PromptSocket();
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        return connected(new InetSocketAddress(host, port), null);
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress localHost, int localPort) throws IOException {
        return connected(new InetSocketAddress(host, port), new InetSocketAddress(localHost, localPort));
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        return connected(new InetSocketAddress(host, port), null);
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress localAddress, int localPort) throws IOException {
        return connected(new InetSocketAddress(host, port), new InetSocketAddress(localAddress, localPort));
    }

    private static Socket connected(InetSocketAddress server, @Nullable InetSocketAddress local) throws IOException {
        Socket socket = new PromptSocket();
        try {
            if (local != null) {
                socket.bind(local);
            }
            socket.connect(server);
            return socket;
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    private static final class PromptSocket extends Socket {

        private volatile boolean asking;

        @Override
        public synchronized void setSoTimeout(int timeout) throws SocketException {
            super.setSoTimeout(timeout);
            asking = timeout == 1;
        }

        @Override
        public InputStream getInputStream() throws IOException {
            return new PromptInputStream(super.getInputStream(), () -> asking);
        }
    }

    /** Reads what has arrived instead of waiting while the driver is only checking. */
    static final class PromptInputStream extends FilterInputStream {

        private final BooleanSupplier asking;

        PromptInputStream(InputStream in, BooleanSupplier asking) {
            super(in);
            this.asking = asking;
        }

        @Override
        public int read() throws IOException {
            requireAnswer();
            return super.read();
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            requireAnswer();
            return super.read(buffer, offset, length);
        }

        private void requireAnswer() throws IOException {
            if (asking.getAsBoolean() && available() == 0) {
                throw new SocketTimeoutException("Nothing has arrived yet");
            }
        }
    }
}
