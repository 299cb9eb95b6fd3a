package io.procrastinate.connector.vertx;

import io.procrastinate.driver.UnreplicatedCommit;
import io.vertx.pgclient.PgConnection;
import io.vertx.pgclient.PgNotice;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hears what the server says beside the rows, and keeps what makes a success doubtful. Thread-safe. */
final class CommitWatch {

    private static final Logger LOGGER = LoggerFactory.getLogger(CommitWatch.class);

    private volatile boolean unreplicated;

    /** Listens to a connection. Left to itself the driver logs all as warnings, even that a table to be dropped does not exist. */
    CommitWatch(PgConnection connection) {
        connection.noticeHandler(this::hear);
    }

    private void hear(PgNotice notice) {
        LOGGER.debug("The server says: {}", notice.getMessage());
        if (UnreplicatedCommit.isMeantBy(notice.getCode(), notice.getRoutine(), notice.getMessage())) {
            unreplicated = true;
        }
    }

    /** Whether a commit came without the standby since this was last asked. */
    boolean takeUnreplicated() {
        boolean was = unreplicated;
        unreplicated = false;
        return was;
    }
}
