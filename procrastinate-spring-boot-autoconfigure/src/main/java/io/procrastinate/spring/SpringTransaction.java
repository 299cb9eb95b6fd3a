package io.procrastinate.spring;

import io.procrastinate.job.CurrentTransaction;
import io.procrastinate.spring.ProcrastinateProperties.Join;
import java.sql.Connection;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.transaction.IllegalTransactionStateException;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * The connection of Spring's transaction on the calling thread, if it is one of the queue's data source; that of JPA
 * is, too.
 *
 * @param dataSource the one that the app was opened with
 */
record SpringTransaction(DataSource dataSource, Join join) implements CurrentTransaction {

    @Override
    public @Nullable Object connection() {
        if (join == Join.NEVER) {
            return null;
        }
        boolean active = TransactionSynchronizationManager.isActualTransactionActive();
        if (!active || !TransactionSynchronizationManager.hasResource(dataSource)) {
            if (join == Join.REQUIRED) {
                throw new IllegalTransactionStateException("Nothing was deferred: "
                        + (active
                                ? "the transaction is not one of the queue's data source"
                                : "there is no transaction on this thread")
                        + ", which procrastinate.transactions.join=required asks for. Annotate the method that defers"
                        + " with @Transactional.");
            }
            return null;
        }
        if (TransactionSynchronizationManager.isCurrentTransactionReadOnly()) {
            throw new IllegalTransactionStateException("Nothing was deferred: the transaction"
                    + " is read-only, so it cannot store a job. Leave out readOnly = true, or defer outside of it.");
        }
        Connection connection = DataSourceUtils.getConnection(dataSource);
        // The transaction keeps it; this only takes back what counts its users.
        DataSourceUtils.releaseConnection(connection, dataSource);
        return connection;
    }
}
