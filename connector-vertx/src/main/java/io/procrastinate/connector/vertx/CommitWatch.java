package io.procrastinate.connector.vertx;

import io.procrastinate.driver.UnreplicatedCommit;
import io.vertx.pgclient.PgConnection;
import io.vertx.pgclient.PgNotice;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Receives the server's notices and remembers those that make a success doubtful. Thread-safe. */
final class CommitWatch {

    private static final Logger LOGGER = LoggerFactory.getLogger(CommitWatch.class);

    private volatile boolean unreplicated;

    /**
     * Receives a connection's notices. By default the driver logs all of them as warnings, even that a table to be
     * dropped does not exist.
     */
    CommitWatch(PgConnection connection) {
        connection.noticeHandler(this::onNotice);
    }

    private void onNotice(PgNotice notice) {
        LOGGER.debug("The server says: {}", notice.getMessage());
        if (UnreplicatedCommit.isMeantBy(notice.getCode(), notice.getRoutine(), notice.getMessage())) {
            unreplicated = true;
        }
    }

    /** Whether a commit without the standby was reported since the last call. */
    boolean takeUnreplicated() {
        boolean was = unreplicated;
        unreplicated = false;
        return was;
    }
}
