package io.procrastinate.connector.jdbc;

import com.zaxxer.hikari.SQLExceptionOverride;
import java.sql.SQLException;

/** Stops HikariCP from evicting connections after failures, with a warning each: the connector discards broken ones. */
final class KeepUntilDiscarded implements SQLExceptionOverride {

    @java.lang.Override
    public SQLExceptionOverride.Override adjudicate(SQLException failure) {
        return SQLExceptionOverride.Override.DO_NOT_EVICT;
    }
}
