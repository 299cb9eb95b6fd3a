package io.procrastinate.json.jackson2;

import com.fasterxml.jackson.databind.util.StdDateFormat;
import java.text.FieldPosition;
import java.text.ParseException;
import java.text.ParsePosition;
import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Calendar;
import java.util.Date;
import java.util.GregorianCalendar;
import java.util.Locale;
import java.util.TimeZone;
import org.jspecify.annotations.Nullable;

/** Dates as instants in UTC, of any year; Jackson 2 does not read all of the years that it writes. */
@SuppressWarnings("JavaUtilDate") // applications still have some
final class IsoDates extends StdDateFormat {

    private static final long serialVersionUID = 1L;

    @Override
    public StringBuffer format(Date date, StringBuffer text, @Nullable FieldPosition position) {
        super.format(date, text, position);
        if (text.toString().endsWith("+00:00")) {
            text.replace(text.length() - 6, text.length(), "Z");
        }
        return text;
    }

    @Override
    public @Nullable Date parse(String text) throws ParseException {
        Date date = signed(text);
        return date == null ? super.parse(text) : date;
    }

    @Override
    public @Nullable Date parse(String text, ParsePosition position) {
        Date date = signed(text);
        if (date == null) {
            return super.parse(text, position);
        }
        position.setIndex(text.length());
        return date;
    }

    /** Returns the date if the year has a sign, and it is one. */
    private static @Nullable Date signed(String text) {
        if ((!text.startsWith("-") && !text.startsWith("+")) || !text.endsWith("Z")) {
            return null;
        }
        try {
            LocalDateTime time = LocalDateTime.parse(text, DateTimeFormatter.ISO_ZONED_DATE_TIME);
            // The calendar of dates is the Julian one before 1582.
            GregorianCalendar calendar = new GregorianCalendar(TimeZone.getTimeZone("UTC"), Locale.ROOT);
            calendar.clear();
            if (time.getYear() <= 0) {
                calendar.set(Calendar.ERA, GregorianCalendar.BC);
            }
            calendar.set(Calendar.YEAR, time.getYear() <= 0 ? 1 - time.getYear() : time.getYear());
            calendar.set(Calendar.MONTH, time.getMonthValue() - 1);
            calendar.set(Calendar.DAY_OF_MONTH, time.getDayOfMonth());
            return new Date(calendar.getTimeInMillis() + time.toLocalTime().toNanoOfDay() / 1_000_000);
        } catch (DateTimeException e) {
            return null;
        }
    }

    @Override
    public StdDateFormat clone() {
        return new IsoDates();
    }

    /** The zone of the application's mapper is no part of a date. */
    @Override
    public StdDateFormat withTimeZone(TimeZone zone) {
        return this;
    }
}
