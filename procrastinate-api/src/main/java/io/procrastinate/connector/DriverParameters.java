package io.procrastinate.connector;

import java.util.List;
import java.util.stream.Stream;

/**
 * The parameters that only one driver has, by that driver's names: without this list, other connectors would take them
 * for variables of the server. What drivers share with libpq is in {@link NamedSettings}.
 */
final class DriverParameters {

    private static final String PGJDBC = """
            adaptiveFetch=false adaptiveFetchMaximum=-1 adaptiveFetchMinimum=0 allowEncodingChanges=false
            assumeMinServerVersion=10 authenticationPluginClassName autosave=never binaryTransfer=true
            binaryTransferDisable= binaryTransferEnable= cancelSignalTimeout=10 classLoaderStrategy=driver-first
            cleanupSavepoints=false connectExecutor connectExecutorArg convertBooleanToNumeric=false
            databaseMetadataCacheFields=65536 databaseMetadataCacheFieldsMiB=5 defaultRowFetchSize=0
            disableColumnSanitiser=false escapeSyntaxCallMode=select flushCacheOnDdl=true groupStartupParameters=false
            gssResponseTimeout=5000 gssUseDefaultCreds=false hideUnprivilegedObjects=false hostRecheckSeconds=10
            jaasApplicationName=pgjdbc jaasLogin=true localSocketAddress=127.0.0.1 loggerFile=log loggerLevel=OFF
            logServerErrorDetail=true logUnclosedConnections=false maxResultBuffer=100M maxSendBufferSize=8192
            pemKeyAlgorithm=RSA preferQueryMode=extended preparedStatementCacheQueries=256
            preparedStatementCacheSizeMiB=5 prepareThreshold=5 protocolVersion=3 queryTimeout=0
            quoteReturningIdentifiers=true readOnly=false readOnlyMode=transaction receiveBufferSize=65536
            reWriteBatchedInserts=false reWriteBatchedInsertsSize=0 scramMaxIterations=100000 sendBufferSize=65536
            socketFactory socketFactoryArg socketTimeout=30 sslfactory=org.postgresql.ssl.LibPQFactory sslfactoryarg
            sslhostnameverifier sslpasswordcallback sslResponseTimeout=5000 sspiServiceClass=POSTGRES
            stringtype=varchar tcpNoDelay=true unknownLength=2147483647 useSpnego=false xmlFactoryFactory=
            """;

    private static final String PGJDBC_NG = """
            api.trace=false api.trace.file=trace description.cache.size=100 descriptionCacheSize=100 fetch.size=0
            fetchSize=0 field.format=Binary field.length.max=0 field.money.fractionalDigits=2 housekeeper=false
            housekeeper.enabled=false money.fractional-digits=2 network.timeout=0 networkTimeout=0 param.format=Binary
            parsed-sql.cache.size=100 parsedSqlCacheSize=100 prepared-statement.cache.size=50
            prepared-statement.cache.threshold=0 preparedStatementCacheSize=50 preparedStatementCacheThreshold=0
            protocol.buffer.pooling=true protocol.io.mode=NIO protocol.io.threads=3 protocol.message.size.max=15728640
            protocol.socket.recv-buffer.size=65536 protocol.socket.send-buffer.size=65536 protocol.version=3.0
            read-only=false registry.sharing=true registrySharing=true sql.trace=false sql.trace.file=trace
            ssl.home-dir=.postgresql ssl.key.password.callback=callback sslPasswordCallback=callback strict-mode=false
            strictMode=false
            """;

    /** Each with an example of a value that changes nothing. */
    static final List<ConnectionParameter> ALL = Stream.of(PGJDBC, PGJDBC_NG)
            .flatMap(names -> Stream.of(names.strip().split("\\s+", -1)))
            .map(entry -> entry.split("=", 2))
            .map(entry -> ConnectionParameter.ofDriver(entry[0], entry.length == 1 ? "x" : entry[1]))
            .toList();

    private DriverParameters() {}
}
