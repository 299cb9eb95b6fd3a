import contextlib

import fastapi
import procrastinate

jobs = procrastinate.App(connector=procrastinate.PsycopgConnector())


@contextlib.asynccontextmanager
async def lifespan(api):
    async with jobs.open_async():
        yield


api = fastapi.FastAPI(lifespan=lifespan)


@api.post("/orders/{order_id}/confirmation")
async def confirm(order_id: int):
    deferrer = jobs.configure_task("orders.confirm", queue="java")
    return {"job": await deferrer.defer_async(order_id=order_id)}


@jobs.task(name="orders.report", queue="python")
async def report(order_id):
    return f"report on order {order_id}"
