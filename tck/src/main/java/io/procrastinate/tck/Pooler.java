package io.procrastinate.tck;

import io.procrastinate.connector.ConnectorSettings;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Stands between a connector and the server, and accepts in a start-up message what PgBouncer accepts with its default
 * settings: a client that sends anything else is refused with PgBouncer's message. Thread-safe.
 */
final class Pooler implements AutoCloseable {

    private static final int ENCRYPTION_BY_TLS = 80877103;
    private static final int ENCRYPTION_BY_GSSAPI = 80877104;
    private static final int CANCELLATION = 80877102;

    private static final Set<String> TAKEN = Set.of(
            "user",
            "database",
            "client_encoding",
            "datestyle",
            "timezone",
            "standard_conforming_strings",
            "application_name");

    private final ConnectorSettings server;
    private final ServerSocket entrance;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final Set<String> refused = ConcurrentHashMap.newKeySet();

    private Pooler(ConnectorSettings server) throws IOException {
        this.server = server;
        this.entrance = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        run(this::acceptAll);
    }

    static Pooler to(ConnectorSettings server) {
        try {
            return new Pooler(server);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The settings that lead through this pooler. */
    ConnectorSettings through(ConnectorSettings settings) {
        return settings.toBuilder()
                .host("127.0.0.1")
                .port(entrance.getLocalPort())
                .build();
    }

    /** The parameters because of which clients were refused so far. */
    Set<String> refused() {
        return Set.copyOf(refused);
    }

    private static void run(Runnable work) {
        Thread thread = new Thread(work, "tck-pooler");
        thread.setDaemon(true);
        thread.start();
    }

    private void acceptAll() {
        while (!entrance.isClosed()) {
            try {
                Socket client = keep(entrance.accept());
                run(() -> serve(client));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    private Socket keep(Socket socket) {
        sockets.add(socket);
        return socket;
    }

    private void serve(Socket client) {
        try {
            DataInputStream in = new DataInputStream(client.getInputStream());
            OutputStream out = client.getOutputStream();
            byte[] message = message(in);
            while (code(message) == ENCRYPTION_BY_TLS || code(message) == ENCRYPTION_BY_GSSAPI) {
                out.write('N');
                message = message(in);
            }
            String unknown = code(message) == CANCELLATION ? null : firstUnknown(message);
            if (unknown != null) {
                refused.add(unknown);
                refuse(out, "unsupported startup parameter: " + unknown);
                client.close();
                return;
            }
            Socket behind = keep(new Socket(server.host(), server.port()));
            DataOutputStream forward = new DataOutputStream(behind.getOutputStream());
            forward.writeInt(message.length + 4);
            forward.write(message);
            run(() -> copy(behind, client));
            copy(client, behind);
        } catch (IOException e) {
            close(client);
        }
    }

    /** A message without its length, as those before the start have no type. */
    private static byte[] message(DataInputStream in) throws IOException {
        byte[] message = new byte[in.readInt() - 4];
        in.readFully(message);
        return message;
    }

    private static int code(byte[] message) {
        return ByteBuffer.wrap(message).getInt();
    }

    private static @Nullable String firstUnknown(byte[] message) {
        String[] words = new String(message, 4, message.length - 4, StandardCharsets.UTF_8).split("\0", -1);
        for (int index = 0; index + 1 < words.length && !words[index].isEmpty(); index += 2) {
            if (!TAKEN.contains(words[index].toLowerCase(Locale.ROOT))) {
                return words[index];
            }
        }
        return null;
    }

    private static void refuse(OutputStream out, String reason) throws IOException {
        ByteArrayOutputStream fields = new ByteArrayOutputStream();
        for (String field : new String[] {"SFATAL", "C08P01", "M" + reason}) {
            fields.write(field.getBytes(StandardCharsets.UTF_8));
            fields.write(0);
        }
        fields.write(0);
        DataOutputStream answer = new DataOutputStream(out);
        answer.write('E');
        answer.writeInt(fields.size() + 4);
        fields.writeTo(answer);
        answer.flush();
    }

    private void copy(Socket from, Socket to) {
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            in.transferTo(out);
        } catch (IOException e) {
            // One side is closed: close the other, too.
        } finally {
            close(from);
            close(to);
        }
    }

    private void close(Socket socket) {
        sockets.remove(socket);
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        entrance.close();
        sockets.forEach(this::close);
    }
}
