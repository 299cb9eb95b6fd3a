"""The tasks of the Python side. The Java side has the same ones by the same names (JavaTasks)."""

import asyncio
import json
import time

import procrastinate

app = procrastinate.App(connector=procrastinate.PsycopgConnector())

NOTE = """
INSERT INTO journal (side, job_id, what, detail)
VALUES ('PYTHON', %(job_id)s, %(what)s, %(detail)s)
"""
GATE = "SELECT EXISTS (SELECT FROM gate) AS open"
PAUSE = "SELECT pg_sleep(0.01)"


async def note(context, what, detail=None):
    await context.app.connector.execute_query_async(
        NOTE, job_id=context.job.id, what=what, detail=detail
    )


async def gate_is_open(context):
    row = await context.app.connector.execute_query_one_async(GATE)
    return row["open"]


@app.task(name="echo", pass_context=True)
async def echo(context, **kwargs):
    await note(context, "ran", json.dumps(kwargs, ensure_ascii=False))


@app.task(name="flaky", retry=2, pass_context=True)
async def flaky(context):
    await note(context, "ran", str(context.job.attempts))
    if context.job.attempts < 2:
        raise ValueError("not yet")


@app.task(name="fails_at_first", pass_context=True)
async def fails_at_first(context):
    await note(context, "ran", str(context.job.attempts))
    if context.job.attempts == 0:
        raise ValueError("at first")


@app.task(name="guarded", pass_context=True)
async def guarded(context):
    await note(context, "enter")
    await context.app.connector.execute_query_one_async(PAUSE)
    await note(context, "leave")


@app.task(name="patient", pass_context=True)
async def patient(context):
    await note(context, "ran")
    while not await gate_is_open(context):
        await asyncio.sleep(0.05)


@app.task(name="polite", pass_context=True)
def polite(context):
    context.app.connector.get_sync_connector().execute_query(
        NOTE, job_id=context.job.id, what="ran", detail=None
    )
    while not context.should_abort():
        time.sleep(0.05)
    raise procrastinate.exceptions.JobAborted


@app.task(name="counted", retry=True, pass_context=True)
async def counted(context):
    await note(context, "ran")
