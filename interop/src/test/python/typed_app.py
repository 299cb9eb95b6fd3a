"""A task whose arguments are of types that JSON has not."""

import base64
import datetime
import decimal
import enum
import functools
import json
import sys
import uuid

import procrastinate
from dateutil.parser import isoparse


def plain(value):
    match value:
        case datetime.date() | datetime.time():  # a datetime is a date, too
            return value.isoformat()
        case uuid.UUID() | decimal.Decimal():
            return str(value)
        case bytes():
            return base64.b64encode(value).decode()
        case enum.Enum():
            return value.value
        case datetime.timedelta():
            return value.total_seconds()
    raise TypeError(f"{value!r} is not made for JSON")


app = procrastinate.App(
    connector=procrastinate.PsycopgConnector(
        json_dumps=functools.partial(json.dumps, default=plain)
    )
)


class Currency(enum.Enum):
    EUR = "EUR"
    USD = "USD"


@app.task(name="billing.archive", queue="python")
def archive(invoice_id, day, sent_at, due_in, currency, total, quantities, pdf, note):
    invoice_id = uuid.UUID(invoice_id)
    day = datetime.date.fromisoformat(day)
    sent_at = isoparse(sent_at)
    due_in = datetime.timedelta(seconds=due_in)
    currency = Currency(currency)
    total = decimal.Decimal(total)
    pdf = base64.b64decode(pdf)
    # Sent back as it is, to the task of this name that works on the queue "java".
    archive.configure(queue="java").defer(
        invoice_id=invoice_id,
        day=day,
        sent_at=sent_at,
        due_in=due_in,
        currency=currency,
        total=total,
        quantities=quantities,
        pdf=pdf,
        note=note,
    )
    print((invoice_id, day, sent_at, due_in, currency, total, quantities, pdf, note))


def defer_one():
    """What the Java side expects to get from here."""
    with app.open():
        archive.configure(queue="java").defer(
            invoice_id=uuid.UUID("01234567-89ab-cdef-0123-456789abcdef"),
            day=datetime.date(2026, 2, 28),
            sent_at=datetime.datetime(
                2026, 3, 1, 12, 30, 5, 123456, datetime.timezone(datetime.timedelta(hours=2))
            ),
            due_in=datetime.timedelta(days=14, milliseconds=500),
            currency=Currency.USD,
            total=decimal.Decimal("1234567890123456789.10"),
            quantities=[1, 9007199254740993],
            pdf=bytes([0, 127, 128, 255]),
            note=None,
        )


if __name__ == "__main__" and sys.argv[1:] == ["defer"]:
    defer_one()
