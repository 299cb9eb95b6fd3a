from django.db import transaction
from django.http import JsonResponse
from procrastinate.contrib.django import app


@transaction.atomic
def confirm(request, order_id):
    # What else the view writes is committed with the job, or rolled back with it.
    deferrer = app.configure_task("orders.confirm", queue="java")
    return JsonResponse({"job": deferrer.defer(order_id=order_id)})
