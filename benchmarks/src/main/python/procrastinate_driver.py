"""Procrastinate for Python. Reads a command as a line of JSON, does it, and answers with a line of JSON: as DriverMain."""

import asyncio
import json
import logging
import random
import sys
import time
import traceback

from procrastinate import App, PsycopgConnector

app = App(connector=PsycopgConnector(conninfo=sys.argv[1], min_size=4, max_size=10))


class Counter:
    def __init__(self, expected, millis=0):
        self.left = expected
        self.count = 0
        self.millis = millis
        self.latencies = []
        self.done = asyncio.Event()

    def ran(self, sent):
        if sent > 0:
            self.latencies.append((time.time() * 1e6 - sent) / 1000)

    async def works(self):
        if self.millis > 0:
            await asyncio.sleep(self.millis / 1000)

    def ended(self):
        self.count += 1
        self.left -= 1
        if self.left == 0:
            self.done.set()


counter = None
worker = None


@app.task(name="noop")
async def noop(sent):
    if counter is not None:
        counter.ran(sent)
        await counter.works()
        counter.ended()


async def install():
    await app.schema_manager.apply_schema_async()


async def batch_of(size):
    await noop.batch_defer_async(*({"sent": 0} for _ in range(size)))


async def fill(jobs):
    while jobs > 0:
        await batch_of(min(jobs, 1000))
        jobs -= 1000


async def defer(calls, threads):
    left = calls
    millis = []

    async def client():
        nonlocal left
        while left > 0:
            left -= 1
            before = time.perf_counter()
            await noop.defer_async(sent=0)
            millis.append((time.perf_counter() - before) * 1000)

    start = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(threads)))
    seconds = time.perf_counter() - start
    millis.sort()
    at = [millis[min(len(millis) - 1, round(share * len(millis)))] for share in (0.5, 0.95, 0.99)]
    return {"seconds": seconds, "millis": at}


async def batch(calls, size):
    start = time.perf_counter()
    for _ in range(calls):
        await batch_of(size)
    return {"seconds": time.perf_counter() - start}


async def start_worker(concurrency):
    global worker
    worker = asyncio.create_task(app.run_worker_async(concurrency=concurrency, install_signal_handlers=False))


async def stop():
    global worker
    if worker is not None:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        worker = None


async def drain(jobs, concurrency):
    global counter
    counter = Counter(jobs)
    start = time.perf_counter()
    await start_worker(concurrency)
    await counter.done.wait()
    seconds = time.perf_counter() - start
    await stop()
    return {"seconds": seconds}


async def work(concurrency, millis=0):
    global counter
    counter = Counter(float("inf"), millis)
    await start_worker(concurrency)


async def ended():
    return {"count": counter.count}


async def latencies():
    return {"millis": counter.latencies}


async def probe(calls, pause):
    for _ in range(calls):
        await asyncio.sleep(pause * (1 + random.random()) / 1000)
        await noop.defer_async(sent=round(time.time() * 1e6))


COMMANDS = {f.__name__: f for f in (install, fill, defer, batch, drain, work, ended, latencies, stop, probe)}


async def main():
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR)
    loop = asyncio.get_running_loop()
    async with app.open_async():
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            command = json.loads(line)
            try:
                answer = await COMMANDS[command.pop("do")](**command) or {}
            except Exception as error:
                traceback.print_exc()
                answer = {"error": repr(error)}
            print(json.dumps(answer), flush=True)
        await stop()


asyncio.run(main())
