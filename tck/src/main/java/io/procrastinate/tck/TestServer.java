package io.procrastinate.tck;

import io.procrastinate.testing.junit.PostgresServer;

/**
 * The PostgreSQL server of this JVM: embedded and started once, or the one that the system property {@value #PROPERTY} or the
 * environment variable {@value #VARIABLE} gives the URL of, whose user must be a superuser.
 */
final class TestServer {

    static final String PROPERTY = "procrastinate.tck.url";
    static final String VARIABLE = "PROCRASTINATE_TCK_URL";

    private TestServer() {}

    static PostgresServer get() {
        return Holder.SERVER;
    }

    /** Starts the server when it is first asked for. */
    private static final class Holder {
        private static final PostgresServer SERVER = PostgresServer.create(PROPERTY, VARIABLE);
    }
}
