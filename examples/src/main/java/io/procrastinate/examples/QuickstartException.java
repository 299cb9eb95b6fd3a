package io.procrastinate.examples;

/** Something did not end as the quickstart promises. */
final class QuickstartException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    QuickstartException(String message) {
        super(message);
    }
}
