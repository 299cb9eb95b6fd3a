package io.procrastinate.examples;

/** Something ended otherwise than the quickstart promises. */
final class QuickstartException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    QuickstartException(String message) {
        super(message);
    }
}
