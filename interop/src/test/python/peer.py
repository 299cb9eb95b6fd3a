"""Procrastinate as one of its users calls it: reads a call from each line of its input, and answers with a line."""

import asyncio
import datetime
import json
import sys

import attr
import procrastinate

apps = {}


async def app_of(conninfo):
    if conninfo not in apps:
        connector = procrastinate.PsycopgConnector(
            conninfo=conninfo, min_size=1, max_size=2
        )
        apps[conninfo] = procrastinate.App(connector=connector)
        await apps[conninfo].open_async()
    return apps[conninfo]


async def close(conninfo):
    if conninfo in apps:
        await apps.pop(conninfo).close_async()


def deferrer(app, task, schedule_at=None, **options):
    at = datetime.datetime.fromisoformat(schedule_at) if schedule_at else None
    return app.configure_task(task, schedule_at=at, **options)


async def defer(app, args, **options):
    return await deferrer(app, **options).defer_async(**args)


async def batch_defer(app, args, **options):
    return await deferrer(app, **options).batch_defer_async(*args)


async def cancel(app, id, abort):
    return await app.job_manager.cancel_job_by_id_async(id, abort=abort)


async def retry(app, id, **changes):
    now = datetime.datetime.now(datetime.timezone.utc)
    await app.job_manager.retry_job_by_id_async(id, retry_at=now, **changes)


async def status(app, id):
    return (await app.job_manager.get_job_status_async(id)).value


def as_dict(job):
    fields = attr.asdict(job)
    at = fields["scheduled_at"]
    return fields | {"scheduled_at": at.isoformat() if at else None}


async def jobs(app, **wanted):
    return [as_dict(job) for job in await app.job_manager.list_jobs_async(**wanted)]


async def counts(app, of, **wanted):
    return list(await getattr(app.job_manager, f"list_{of}_async")(**wanted))


async def stalled(app):
    return [job.id for job in await app.job_manager.get_stalled_jobs()]


async def retry_stalled(app):
    for job in await app.job_manager.get_stalled_jobs():
        await app.job_manager.retry_job(job)


async def prune(app, seconds):
    return await app.job_manager.prune_stalled_workers(seconds)


CALLS = [
    defer,
    batch_defer,
    cancel,
    retry,
    status,
    jobs,
    counts,
    stalled,
    retry_stalled,
    prune,
]
BY_NAME = {call.__name__: call for call in CALLS}


async def answer(conninfo, call, arguments):
    if call == "close":
        return await close(conninfo)
    return await BY_NAME[call](await app_of(conninfo), **arguments)


async def main():
    while line := await asyncio.to_thread(sys.stdin.readline):
        try:
            reply = {"result": await answer(**json.loads(line))}
        except Exception as error:
            reply = {"error": type(error).__name__, "message": str(error)}
        print(json.dumps(reply, default=int), flush=True)  # sums are decimals


asyncio.run(main())
