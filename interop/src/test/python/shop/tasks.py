from procrastinate.contrib.django import app


@app.task(name="orders.report", queue="python")
def report(order_id):
    return f"report on order {order_id}"
