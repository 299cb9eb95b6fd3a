package io.procrastinate.tck;

import io.procrastinate.connector.ConnectorSettings;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands between a connector and the server, and breaks the network between them. Usable in a connector's own tests,
 * too. Thread-safe.
 */
public final class TcpProxy implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(TcpProxy.class);

    /** Kept, because an unreferenced socket is closed. */
    private static final Queue<ReservedPort> DEAD_PORTS = new ConcurrentLinkedQueue<>();

    private volatile InetSocketAddress server;
    private final Set<Link> links = ConcurrentHashMap.newKeySet();
    private final ReservedPort port = ReservedPort.take();
    private volatile ServerSocket entrance;
    private final AtomicInteger answersToLose = new AtomicInteger();
    private volatile String lostStatement = "";
    private final AtomicInteger dropped = new AtomicInteger();
    private volatile boolean silent;
    private volatile boolean dropping;
    private volatile @Nullable Held held;

    private TcpProxy(InetSocketAddress server) throws IOException {
        this.server = server;
        this.entrance = port.listen();
        start(this.entrance);
    }

    /**
     * Creates a proxy to the server of these settings, on a free port of this machine.
     *
     * @throws UncheckedIOException if it cannot listen there
     */
    public static TcpProxy to(ConnectorSettings settings) {
        try {
            return new TcpProxy(new InetSocketAddress(settings.host(), settings.port()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Makes new connections lead to another server; existing ones stay where they are. */
    public void leadTo(ConnectorSettings settings) {
        server = new InetSocketAddress(settings.host(), settings.port());
    }

    /** A port of this machine on which no server listens until the JVM ends. */
    public static int deadPort() {
        ReservedPort port = ReservedPort.take();
        DEAD_PORTS.add(port);
        return port.number();
    }

    /** The settings that lead through this proxy. */
    public ConnectorSettings through(ConnectorSettings settings) {
        return settings.toBuilder().host("127.0.0.1").port(port.number()).build();
    }

    /** Makes the existing connections half-open: they stay, and nothing that is sent arrives. New ones work. */
    public void freezeConnections() {
        links.forEach(link -> link.frozen = true);
    }

    /** Like {@link #freezeConnections}, and accepts new connections without ever answering. */
    public void freezeEverything() {
        freezeNewConnections();
        freezeConnections();
    }

    /** Accepts new connections without ever answering; existing ones continue to work. */
    public void freezeNewConnections() {
        silent = true;
    }

    /** Accepts new connections and closes them immediately, like a proxy whose server is gone. */
    public void dropNewConnections() {
        dropped.set(0);
        dropping = true;
    }

    /** How many connections were dropped since {@link #dropNewConnections}. */
    public int droppedConnections() {
        return dropped.get();
    }

    /** Makes new connections lead to the server again. */
    public void dropNoMore() {
        dropping = false;
    }

    /** Holds back messages to the server that contain a text, until {@link #letGo}. */
    public void holdBack(String statement) {
        held = new Held(statement);
    }

    /** Whether something is being held back now. */
    public boolean holdsBack() {
        Held now = held;
        return now != null && now.reached.getCount() == 0;
    }

    /** Sends on what was held back. */
    public void letGo() {
        Held now = held;
        held = null;
        if (now != null) {
            now.released.countDown();
        }
    }

    /** Makes new connections work again; frozen ones stay frozen. */
    public void thaw() {
        silent = false;
    }

    /** Ends half-open connections at the server too, as its own keep-alive does in the end. */
    public void endHalfOpenConnections() {
        links.stream().filter(link -> link.frozen).forEach(Link::close);
    }

    /**
     * Cuts a connection, a number of times, after the server has received a statement and before the client has its
     * answer.
     *
     * @param times how often; 0 for no longer
     */
    public void loseAnswers(int times) {
        loseAnswers("", times);
    }

    /** As {@link #loseAnswers(int)}, for messages that contain a text. */
    public void loseAnswers(String statement, int times) {
        lostStatement = statement;
        answersToLose.set(times);
    }

    /**
     * Cuts a connection before the client has the answer that it waits for; the server knows it by its client's port.
     */
    void loseAnswer(int clientPort) {
        links.stream().filter(link -> link.behind.getLocalPort() == clientPort).forEach(link -> link.losing = true);
    }

    /** How many answers are still to be lost. */
    public int answersToLose() {
        return answersToLose.get();
    }

    /** Cuts the existing connections. */
    public void cut() {
        links.forEach(Link::close);
    }

    /** Cuts the existing connections and refuses new ones. */
    public void refuse() {
        refuseNewConnections();
        cut();
    }

    /** Refuses new connections; existing ones continue to work. */
    public void refuseNewConnections() {
        close(entrance);
    }

    /** Accepts connections again. */
    public void accept() {
        try {
            entrance = port.listen();
        } catch (IOException e) {
            throw new UncheckedIOException("The proxy's port has been taken", e);
        }
        start(entrance);
    }

    /** Cuts and refuses connections permanently. */
    @Override
    public void close() {
        letGo();
        refuse();
        port.close();
    }

    private void start(ServerSocket from) {
        start("tck-proxy", () -> {
            while (!from.isClosed()) {
                try {
                    link(from, from.accept());
                } catch (IOException e) {
                    LOGGER.debug("The proxy's entrance is closed: {}", e.toString());
                }
            }
        });
    }

    private void link(ServerSocket from, Socket client) {
        if (dropping) {
            close(client);
            dropped.incrementAndGet();
            return;
        }
        try {
            Socket behind = new Socket();
            behind.connect(server, 10_000);
            client.setTcpNoDelay(true);
            behind.setTcpNoDelay(true);
            Link link = new Link(client, behind, silent);
            links.add(link);
            if (from.isClosed()) {
                // A running accept may return one more connection after the socket was closed.
                link.close();
                return;
            }
            start("tck-proxy-out", () -> link.pump(client, behind, true));
            start("tck-proxy-in", () -> link.pump(behind, client, false));
        } catch (IOException e) {
            LOGGER.debug("The server takes no connection: {}", e.toString());
            close(client);
        }
    }

    private static void start(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
    }

    private static void close(AutoCloseable socket) {
        try {
            socket.close();
        } catch (Exception e) {
            LOGGER.debug("A socket is closed already: {}", e.toString());
        }
    }

    /** One connection through the proxy. */
    private final class Link {

        private final Socket client;
        private final Socket behind;
        private volatile boolean frozen;
        private volatile boolean losing;

        Link(Socket client, Socket behind, boolean frozen) {
            this.client = client;
            this.behind = behind;
            this.frozen = frozen;
        }

        void pump(Socket from, Socket to, boolean request) {
            byte[] buffer = new byte[8192];
            try {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                int length = in.read(buffer);
                while (length >= 0) {
                    if (request) {
                        losing |= losesAnswerTo(buffer, length);
                        holdBack(buffer, length);
                    } else if (losing) {
                        break;
                    }
                    if (!frozen) {
                        out.write(buffer, 0, length);
                    }
                    length = in.read(buffer);
                }
            } catch (IOException e) {
                LOGGER.debug("A connection through the proxy has ended: {}", e.toString());
            }
            if (!frozen) {
                close();
            }
        }

        private void holdBack(byte[] request, int length) throws InterruptedIOException {
            Held now = held;
            if (now != null && new String(request, 0, length, StandardCharsets.ISO_8859_1).contains(now.statement)) {
                now.await();
            }
        }

        private boolean losesAnswerTo(byte[] request, int length) {
            return answersToLose.get() > 0
                    && new String(request, 0, length, StandardCharsets.ISO_8859_1).contains(lostStatement)
                    && answersToLose.getAndUpdate(left -> Math.max(0, left - 1)) > 0;
        }

        void close() {
            links.remove(this);
            TcpProxy.close(client);
            TcpProxy.close(behind);
        }
    }

    /** Something held back: until when, and whether it has arrived. */
    private static final class Held {

        private final String statement;
        private final CountDownLatch reached = new CountDownLatch(1);
        private final CountDownLatch released = new CountDownLatch(1);

        Held(String statement) {
            this.statement = statement;
        }

        void await() throws InterruptedIOException {
            reached.countDown();
            try {
                released.await();
            } catch (InterruptedException e) {
                throw new InterruptedIOException("Interrupted while something was held back");
            }
        }
    }
}
