package io.procrastinate.connector.pgjdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.pgjdbc.PromptSocketFactory.PromptInputStream;
import io.procrastinate.tck.TestDatabase;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.sql.Connection;
import java.sql.SQLException;
import javax.net.SocketFactory;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;

class PromptSocketFactoryTest {

    @Test
    void doesNotReadWhatIsNotThereWhileItIsOnlyAskedFor() throws IOException {
        InputStream silent = new InputStream() {
            @Override
            public int read() {
                throw new AssertionError("This would wait");
            }

            @Override
            public int read(byte[] buffer, int offset, int length) {
                return read();
            }
        };
        try (InputStream asked = new PromptInputStream(silent, () -> true);
                InputStream arrived = new PromptInputStream(new ByteArrayInputStream(new byte[] {1, 2}), () -> true);
                InputStream awaited = new PromptInputStream(silent, () -> false)) {
            assertThatThrownBy(asked::read).isInstanceOf(SocketTimeoutException.class);
            assertThatThrownBy(() -> asked.read(new byte[1])).isInstanceOf(SocketTimeoutException.class);
            assertThat(arrived.read()).isEqualTo(1);
            assertThat(arrived.read(new byte[5])).isEqualTo(1);
            assertThatThrownBy(awaited::read).isInstanceOf(AssertionError.class);
        }
    }

    @Test
    void asksWithTheShortestTimeout() throws IOException {
        SocketFactory factory = new PromptSocketFactory();
        InetAddress here = InetAddress.getLoopbackAddress();
        try (ServerSocket server = new ServerSocket(0, 1, here);
                Socket socket = factory.createSocket(here, server.getLocalPort());
                Socket peer = server.accept()) {
            socket.setSoTimeout(1);
            assertThatThrownBy(socket.getInputStream()::read).hasMessage("Nothing has arrived yet");

            socket.setSoTimeout(0);
            peer.getOutputStream().write(7);

            assertThat(socket.getInputStream().read()).isEqualTo(7);
        }
    }

    @Test
    void servesConnectionsThatListenUnlessTheApplicationHasItsOwn() throws SQLException {
        try (TestDatabase database = TestDatabase.create()) {
            ConnectorSettings settings = database.settings();
            String own = OtherSocketFactory.class.getName();

            assertThat(PgjdbcDataSource.forListening(settings, false).getSocketFactory())
                    .isEqualTo(PromptSocketFactory.class.getName());
            assertThat(PgjdbcDataSource.of(settings, false).getSocketFactory()).isNull();
            assertThat(PgjdbcDataSource.forListening(
                                    settings.toBuilder()
                                            .parameter("socketFactory", own)
                                            .build(),
                                    false)
                            .getSocketFactory())
                    .isEqualTo(own);
            try (Connection connection =
                    PgjdbcDataSource.forListening(settings, false).getConnection()) {
                assertThat(connection.unwrap(PGConnection.class).getNotifications(1))
                        .isEmpty();
            }
        }
    }

    /** An application's. */
    public static final class OtherSocketFactory {}
}
