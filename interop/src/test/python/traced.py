import procrastinate
from opentelemetry import propagate, trace
from psycopg.types.json import Jsonb

tracer = trace.get_tracer("procrastinate")


async def defer_traced(app: procrastinate.App, task: str, queue: str, **arguments):
    with tracer.start_as_current_span(f"send {queue}", kind=trace.SpanKind.PRODUCER):
        headers = {}
        propagate.inject(headers)
        async with app.connector.pool.connection() as connection, connection.transaction():
            deferrer = app.configure_task(task, queue=queue, connection=connection)
            job = await deferrer.defer_async(**arguments)
            update = "UPDATE procrastinate_jobs SET java_headers = %s WHERE id = %s"
            await connection.execute(update, (Jsonb(headers), job))
            return job


async def run_traced(call_next, context, worker):
    job = context.job
    query = "SELECT java_headers FROM procrastinate_jobs WHERE id = %(id)s"
    row = await context.app.connector.execute_query_one_async(query, id=job.id)
    creator = propagate.extract(row["java_headers"] or {})
    created_by = trace.get_current_span(creator).get_span_context()
    with tracer.start_as_current_span(
        f"process {job.queue}",
        context=creator if job.attempts == 0 else None,
        kind=trace.SpanKind.CONSUMER,
        links=[trace.Link(created_by)] if created_by.is_valid else [],
        attributes={"messaging.message.id": str(job.id), "procrastinate.task.name": job.task_name},
    ):
        return await call_next()
