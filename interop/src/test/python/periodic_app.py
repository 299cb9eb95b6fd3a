"""The tasks of the Python side, and a periodic one that the Java side declares too."""

from peer_app import app, note


@app.periodic(cron="* * * * * *")
@app.task(name="tick", queue="ticks", pass_context=True)
async def tick(context, timestamp):
    await note(context, "ran", str(timestamp))
