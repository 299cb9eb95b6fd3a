package io.procrastinate.spring;

import java.util.List;

/** The application has several data sources, and does not say which is the queue's. */
final class SeveralDataSourcesException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    SeveralDataSourcesException(List<String> names) {
        super("The application has several data sources, " + names + ", and none of them is @Primary: which one is the"
                + " queue's is not known.");
    }
}
