package io.procrastinate.connector.pgjdbc.worker;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Stands before a server. It can keep connections open and pass nothing on, as a network that lost its way, and it can cut a
 * connection once the server has a statement but the client has no answer yet.
 */
final class Proxy implements Closeable {

    private final ServerSocket listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final AtomicInteger cuts = new AtomicInteger();
    private final int target;
    private final AtomicInteger generation = new AtomicInteger();
    private volatile String cutMark = "";

    Proxy(int target) throws IOException {
        this.target = target;
        daemon(this::accept);
    }

    int port() {
        return listening.getLocalPort();
    }

    /** Nothing passes on the connections of now any more; later ones work. */
    void freezeConnections() {
        generation.incrementAndGet();
    }

    /** Withholds the answers to so many statements that contain a text, and cuts their connections. */
    void cutAnswers(String statement, int times) {
        cutMark = statement;
        cuts.set(times);
    }

    int cutsLeft() {
        return cuts.get();
    }

    @Override
    public void close() throws IOException {
        listening.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    private void accept() throws IOException {
        while (true) {
            Socket client = listening.accept();
            Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
            sockets.add(client);
            sockets.add(server);
            new Link(client, server, generation.get()).start();
        }
    }

    private final class Link {

        private final Socket client;
        private final Socket server;
        private final int born;
        private volatile boolean cut;

        Link(Socket client, Socket server, int born) {
            this.client = client;
            this.server = server;
            this.born = born;
        }

        void start() {
            daemon(() -> pass(client, server, true));
            daemon(() -> pass(server, client, false));
        }

        private void pass(Socket from, Socket to, boolean request) throws IOException {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] buffer = new byte[65536];
            for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                if (born != generation.get()) {
                    continue;
                }
                if (request && cuts.get() > 0 && contains(buffer, length) && cuts.getAndDecrement() > 0) {
                    cut = true;
                }
                if (!request && cut) {
                    client.close();
                    server.close();
                    return;
                }
                out.write(buffer, 0, length);
            }
            if (born == generation.get()) {
                to.close();
            }
        }

        private boolean contains(byte[] buffer, int length) {
            return new String(buffer, 0, length, StandardCharsets.ISO_8859_1).contains(cutMark);
        }
    }

    private static void daemon(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (IOException e) {
                // A closed socket is how the work ends.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private interface Work {
        void run() throws IOException;
    }
}
