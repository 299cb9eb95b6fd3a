"""A worker whose jobs belong to the traces of their deferrals; it prints its spans, one a line."""

import procrastinate
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

from traced import defer_traced, run_traced


def line(span):
    parent = f"{span.parent.span_id:016x}" if span.parent else "-"
    links = ",".join(f"{link.context.span_id:016x}" for link in span.links) or "-"
    name = span.name.replace(" ", "_")
    return f"span {span.context.trace_id:032x} {span.context.span_id:016x} {parent} {name} {links}\n"


provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(formatter=line)))
trace.set_tracer_provider(provider)

app = procrastinate.App(
    connector=procrastinate.PsycopgConnector(),
    worker_defaults={"worker_middleware": [run_traced]},
)


@app.task(name="orders.invoice", queue="python")
async def invoice(order_id):
    await defer_traced(app, "orders.invoiced", "java", order_id=order_id)
