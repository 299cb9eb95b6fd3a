package io.procrastinate.schema;

/** How the tables of a database are laid out. Programs of any language work on each, and see the same. */
public enum SchemaLayout {

    /** The tables as Procrastinate for Python makes them: each event of a job is a row, written by triggers. */
    ORIGINAL("original"),

    /** The layout of this library: a job's row contains its times, and the events are a view. */
    OPTIMIZED("optimized"),

    /** Between the two, or the layout of an earlier build of this library: correct, but not as fast. */
    MIXED("mixed");

    private final String text;

    SchemaLayout(String text) {
        this.text = text;
    }

    /** The name that the command line prints. */
    public String text() {
        return text;
    }
}
