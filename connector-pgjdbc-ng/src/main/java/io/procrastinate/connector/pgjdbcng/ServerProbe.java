package io.procrastinate.connector.pgjdbcng;

import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;

/** Finds out whether a server answers at an address, by sending a request for encryption. */
final class ServerProbe {

    /** PostgreSQL's request for encryption, which a server answers with any single byte. */
    private static final int SSL_REQUEST = 80877103;

    private static final int LENGTH = 8;

    private ServerProbe() {}

    /** The result. */
    enum Answer {
        /** A server answered. */
        SERVER,
        /** The connection was closed by the other end, or refused. */
        CLOSED,
        /** There was no answer in time. */
        NO_ANSWER
    }

    static Answer ask(String host, int port, Duration limit) {
        int millis = (int) Math.max(1, limit.toMillis());
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(host, port), millis);
            socket.setSoTimeout(millis);
            DataOutputStream request = new DataOutputStream(socket.getOutputStream());
            request.writeLong((long) LENGTH << Integer.SIZE | SSL_REQUEST);
            request.flush();
            return socket.getInputStream().read() < 0 ? Answer.CLOSED : Answer.SERVER;
        } catch (SocketTimeoutException e) {
            return Answer.NO_ANSWER;
        } catch (IOException e) {
            return Answer.CLOSED;
        }
    }
}
